/// What cannot be told from the model itself: attnviz.json, config.json, tokenizer_config.json.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "attnviz/model.h"

namespace attnviz {

/// Everything that the companions say about a model.
struct ModelDescription {
  ModelConfig config;
  std::map<std::string, std::string> roles;  ///< Forward argument -> role, or a JSON literal as text.
  std::optional<std::string> logits;         ///< Index or key in the output; several are joined by dots.
};

/// Reads the companions in `files`: attnviz.json, then what config.json and tokenizer_config.json add to it.
/// Throws kInput, naming file and key, for malformed JSON and for a wrong key or type in attnviz.json.
ModelDescription describe_model(std::span<const CompanionFile> files);

/// Whether `text` is a role by name ("ids", "mask", …, "none").
bool is_role(std::string_view text) noexcept;

}  // namespace attnviz
