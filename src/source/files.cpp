#include "source/files.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "core/files.h"

namespace attnviz::source {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLargestCompanion = std::size_t{1} << 30U;

}  // namespace

ModelFile find_model_file(const std::string& model) {
  std::error_code ignored;
  fs::path path(model);
  if (fs::is_directory(path, ignored)) {
    path /= "model.pt";
    if (!fs::exists(path, ignored)) {
      throw Error(ErrorKind::kInput, "the folder '" + model + "' has no model.pt in it");
    }
  }
  if (!fs::exists(path, ignored)) throw Error(ErrorKind::kInput, "there is no model '" + model + "'");
  if (!fs::is_regular_file(path, ignored)) {
    throw Error(ErrorKind::kInput, "the model '" + model + "' is not a regular file");
  }
  const fs::path folder = path.parent_path();
  return {path.string(), path.filename().string(), folder.empty() ? "." : folder.string()};
}

std::unique_ptr<std::istream> open_model_file(const std::string& path) {
  auto stream = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*stream) throw Error(ErrorKind::kInput, "the model '" + path + "' cannot be read");
  return stream;
}

std::optional<std::string> read_file(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(path, ignored))) return std::nullopt;
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::kInput, "'" + path + "' " + why);
  };
  if (!fs::exists(path, ignored)) refuse("is a link that leads nowhere; mend it, or remove it");
  if (!fs::is_regular_file(path, ignored)) refuse("is no file; a file of that name was expected");
  files::Content content = files::read(path, kLargestCompanion);
  if (content.error == EFBIG) {
    refuse("has more than the " + std::to_string(kLargestCompanion) +
           " bytes that a file beside a model may have");
  }
  if (content.error != 0) refuse("cannot be read: " + std::generic_category().message(content.error));
  return std::move(content.bytes);
}

}  // namespace attnviz::source
