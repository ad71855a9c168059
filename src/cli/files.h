#pragma once

#include <memory>
#include <optional>
#include <string>

#include "attnviz/model.h"
#include "attnviz/run.h"
#include "attnviz/tokenizer.h"
#include "cli/console.h"

namespace attnviz::cli {

/// Model::load(); where the file crashes libtorch, the command ends with a sentence that names it.
std::unique_ptr<Model> load_model(const LoadOptions& options, Console& console);

/// The whole content of the file at `path`, "-" is standard input. Throws kInput naming the file and the
/// system's reason.
std::string read_file(const std::string& path);

/// The same for a text. Throws kInput naming the file where it is not UTF-8.
std::string read_text(const std::string& path);

/// "NAME=TEXT" or "NAME=@FILE" ("NAME=@-" is standard input). Throws kUsage without "=".
NamedText read_segment(const std::string& argument);

/// The tokenizer in `path`: a folder that holds its files, or its main file, beside which the others are
/// looked for. Throws kInput when there is none.
std::unique_ptr<Tokenizer> read_tokenizer(const std::string& path);

/// The tokenizer of a model: `flag` where given, else its companion files. Null when it has none.
std::unique_ptr<Tokenizer> find_tokenizer(const std::optional<std::string>& flag, const Model& model);

/// The tokenizer that attnviz.json names for the decoder's side. Null when it names none.
std::unique_ptr<Tokenizer> find_target_tokenizer(const Model& model);

}  // namespace attnviz::cli
