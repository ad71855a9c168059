/// What cannot be told from the model itself: attnviz.json, config.json, tokenizer_config.json.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "attnviz/source.h"

namespace attnviz::source {

/// Reads the companions in `files`: attnviz.json, then what config.json and tokenizer_config.json add to it.
/// Throws kInput, naming file and key, for malformed JSON and for a wrong key or type in attnviz.json.
ModelDescription describe_model(std::span<const CompanionFile> files);

/// The role that attnviz.json calls `name`: all but memory and literals; nothing for another name.
std::optional<Role> parse_role(std::string_view name);

}  // namespace attnviz::source
