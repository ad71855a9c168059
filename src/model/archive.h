/// The file that a model is stored in: what kind of file it is, what lies beside it and inside it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/tokenizer.h"

namespace attnviz {

/// Where a model lies.
struct ModelFile {
  std::string path;    ///< Of the TorchScript file.
  std::string name;    ///< Its last part, for messages.
  std::string folder;  ///< That its companions lie in.
};

/// The TorchScript file of `model`: the path itself, or `model.pt` in a folder of that name. Throws kInput
/// when there is none.
ModelFile find_model_file(const std::string& model);

/// Throws kInput, saying what the file is, unless it is a zip archive with TorchScript code whose code
/// neither reads nor writes files.
void check_archive(const ModelFile& file);

/// SHA-256 of a file's bytes, as 64 hexadecimal digits.
std::string sha256_of_file(const std::string& path);

/// The companion `name`: first an extra file inside the archive, then a file of the model's folder.
std::optional<CompanionFile> read_companion(const ModelFile& file, std::string_view name);

/// Likewise for several names, in their order; those that do not exist are left out.
std::vector<CompanionFile> read_companions(const ModelFile& file, std::span<const std::string_view> names);

/// The bytes of a file, or nothing when it cannot be read.
std::optional<std::string> read_file(const std::string& path);

}  // namespace attnviz
