/// Where a model lies, and what is read of the files beside it. (read_file: attnviz/source.h)
#pragma once

#include <istream>
#include <memory>
#include <string>

#include "attnviz/source.h"

namespace attnviz::source {

/// Where the file of a model lies.
struct ModelFile {
  std::string path;
  std::string name;    ///< Its last part, for messages.
  std::string folder;  ///< That its companions lie in.
};

/// The file of `model`: the path itself, or `model.pt` in a folder of that name. Throws kInput when there is
/// none.
ModelFile find_model_file(const std::string& model);

/// The bytes of a model's file. Throws kInput when it cannot be read.
std::unique_ptr<std::istream> open_model_file(const std::string& path);

/// SHA-256 of a file's bytes, as 64 hexadecimal digits. Throws kInput when it cannot be read to its end.
std::string sha256_of_file(const std::string& path);

}  // namespace attnviz::source
