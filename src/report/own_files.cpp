#include "report/own_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>
#include <system_error>

#include "core/files.h"
#include "report/formats/format.h"

namespace attnviz::report {
namespace {

namespace fs = std::filesystem;

/// A file under its temporary name. It goes again unless finish() was reached.
class PartFile {
 public:
  PartFile(const fs::path& target, const fs::path& shown) : target_(target), part_(target), shown_(shown) {
    part_ += kTemporary;
    fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd_ < 0) fail("create", shown_, errno);
  }
  ~PartFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!finished_) ::unlink(part_.c_str());
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  void write(std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("write", shown_, errno);
      offset += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  /// Closes it, as some errors come only then, and gives it its name.
  void finish() {
    if (::close(std::exchange(fd_, -1)) != 0) fail("write", shown_, errno);
    if (::rename(part_.c_str(), target_.c_str()) != 0) fail("create", shown_, errno);
    finished_ = true;
  }

 private:
  fs::path target_, part_, shown_;
  int fd_ = -1;
  bool finished_ = false;
};

/// Removes a file of an earlier run, if it is there. Never a folder, and of a link only the link.
void remove_old(const fs::path& file) {
  std::error_code error;
  if (fs::is_directory(fs::symlink_status(file, error))) return;
  fs::remove(file, error);
  if (error) fail("replace", file, error.value());
}

/// Of token_file() without its folder, in any format, also under the temporary name.
std::regex form_of_token_files() {
  std::string extensions;
  for (const RunFormat* format : run_formats()) {
    if (!format->token.empty()) extensions += (extensions.empty() ? "" : "|") + std::string(format->token);
  }
  return std::regex("[0-9]{5,}(-[A-Za-z0-9_-]{1,24})?\\.(" + extensions + ")(\\.attnviz-part)?");
}

}  // namespace

void fail(const std::string& action, const fs::path& path, int code) {
  throw Error(ErrorKind::kOutput,
              "cannot " + action + " '" + path.string() + "': " + std::generic_category().message(code));
}

void write_file(const fs::path& target, const fs::path& shown,
                const std::function<void(const WriteAt&)>& content) {
  PartFile file(target, shown);
  content([&file](std::uint64_t offset, std::string_view bytes) { file.write(offset, bytes); });
  file.finish();
}

std::vector<fs::path> create_folder(const fs::path& folder) {
  const fs::path path = folder.has_filename() ? folder : folder.parent_path();  // "maps/"
  std::error_code error;
  std::vector<fs::path> created;
  for (fs::path part = path; !part.empty() && !fs::exists(part, error); part = part.parent_path()) {
    created.push_back(part);
  }
  fs::create_directories(path, error);
  if (error) fail("create", path, error.value());
  if (!fs::is_directory(path, error)) fail("create", path, ENOTDIR);
  if (::access(path.c_str(), W_OK | X_OK) != 0) fail("write to", path, errno);
  return created;
}

void clear_run(const fs::path& folder) {
  std::vector<std::string_view> names = {kManifestFile, kDiffFile, kOverviewFile};
  for (const RunFormat* format : run_formats()) {
    for (const RunFile& file : format->files) names.push_back(file.name);
  }
  for (const std::string_view name : names) {
    remove_old(folder / name);
    remove_old(folder / (std::string(name) + std::string(kTemporary)));
  }
  const std::regex form = form_of_token_files();
  std::error_code error;
  std::vector<fs::path> old;
  fs::directory_iterator entry(folder / kTokens, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (std::regex_match(entry->path().filename().string(), form)) old.push_back(entry->path());
  }
  for (const fs::path& path : old) remove_old(path);
  ::rmdir((folder / kTokens).c_str());  // where others have files in it, it stays
}

std::optional<std::string> read_bytes(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  files::Content content = files::read(file, std::numeric_limits<std::size_t>::max());
  return content.error == 0 ? std::optional(std::move(content.bytes)) : std::nullopt;
}

std::optional<std::string> schema_of(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  const auto document = nlohmann::json::parse(read_bytes(file).value_or(""), nullptr, false);
  const auto schema = document.is_object() ? document.find("schema") : document.end();
  return schema != document.end() && schema->is_string() ? schema->get<std::string>() : "";
}

}  // namespace attnviz::report
