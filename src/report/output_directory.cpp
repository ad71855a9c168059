#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <system_error>

#include "attnviz/report.h"

namespace attnviz {
namespace {

namespace fs = std::filesystem;

/// Names that a run writes; nothing else in a folder is ever removed.
constexpr std::string_view kManifest = "manifest.json";
constexpr std::string_view kTokens = "tokens";
constexpr std::string_view kDiff = "diff.json";
constexpr std::string_view kOverview = "overview.png";
constexpr std::string_view kSegments = "segments.png";
constexpr std::string_view kArrays = "attention.npz";
constexpr std::string_view kTemporary = ".attnviz-part";

[[noreturn]] void fail(const std::string& action, const fs::path& path, int code) {
  throw Error(ErrorKind::kOutput,
              "cannot " + action + " '" + path.string() + "': " + std::generic_category().message(code));
}

/// A file under its temporary name. It goes again unless finish() was reached.
class PartFile {
 public:
  explicit PartFile(const fs::path& target) : target_(target), part_(target) {
    part_ += kTemporary;
    fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd_ < 0) fail("create", target_, errno);
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
      if (written < 0) fail("write", target_, errno);
      offset += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  /// Closes it, as some errors come only then, and gives it its name.
  void finish() {
    if (::close(std::exchange(fd_, -1)) != 0) fail("write", target_, errno);
    if (::rename(part_.c_str(), target_.c_str()) != 0) fail("create", target_, errno);
    finished_ = true;
  }

 private:
  fs::path target_, part_;
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

bool is_ours(const fs::path& file) {
  static const std::regex form("[0-9]{5,}(-[A-Za-z0-9_-]{1,24})?\\.(png|json)(\\.attnviz-part)?");
  return std::regex_match(file.filename().string(), form);
}

/// Removes what an earlier run wrote, the manifest first.
void clear(const fs::path& folder) {
  for (const std::string_view name : {kManifest, kDiff, kOverview, kSegments, kArrays}) {
    remove_old(folder / name);
    remove_old(folder / (std::string(name) + std::string(kTemporary)));
  }
  std::error_code error;
  std::vector<fs::path> old;
  fs::directory_iterator entry(folder / kTokens, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (is_ours(entry->path())) old.push_back(entry->path());
  }
  for (const fs::path& path : old) remove_old(path);
}

/// True for a file of one of `schemas`, and where there is none.
bool may_replace(const fs::path& file, const std::set<std::string>& schemas) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return true;
  const auto document = nlohmann::json::parse(in, nullptr, false);
  const auto schema = document.is_object() ? document.value("schema", nlohmann::json()) : nlohmann::json();
  return schema.is_string() && schemas.contains(schema.get<std::string>());
}

/// The file by which a folder would be taken for that of others, if there is one.
std::optional<std::string_view> others_file(const fs::path& folder) {
  if (!may_replace(folder / kManifest, {"attnviz.manifest/1"})) return kManifest;
  if (!may_replace(folder / kDiff, {"attnviz.diff/1", "attnviz.batch-diff/1"})) return kDiff;
  return std::nullopt;
}

}  // namespace

OutputDirectory::OutputDirectory(fs::path path, IfNotEmpty policy) : path_(std::move(path)) {
  std::error_code error;
  for (fs::path part = path_; !part.empty() && !fs::exists(part, error); part = part.parent_path()) {
    created_.push_back(part);
  }
  fs::create_directories(path_, error);
  if (error) fail("create", path_, error.value());
  if (!fs::is_directory(path_, error)) fail("create", path_, ENOTDIR);
  const bool empty = fs::is_empty(path_, error);
  if (error) fail("read", path_, error.value());
  const std::string named = "the folder '" + path_.string() + "' ";
  if (!empty && policy == IfNotEmpty::kRefuse) {
    throw Error(ErrorKind::kOutput,
                named + "is not empty; name another one, or add --force to replace the maps in it");
  }
  if (const auto theirs = empty ? std::nullopt : others_file(path_)) {
    throw Error(ErrorKind::kOutput, named + "holds a " + std::string(*theirs) +
                                        " that attnviz did not write; name another folder");
  }
  if (fs::is_symlink(path_ / kTokens, error)) {
    throw Error(ErrorKind::kOutput,
                named + "holds a link named 'tokens', which leads elsewhere; name another folder");
  }
  if (::access(path_.c_str(), W_OK | X_OK) != 0) fail("write to", path_, errno);
  replaces_ = !empty;
}

OutputDirectory::~OutputDirectory() {
  std::error_code not_empty;
  for (const fs::path& folder : created_) {
    if (!fs::remove(folder, not_empty)) return;
  }
}

std::string OutputDirectory::write(std::string_view name, std::string_view bytes) {
  return write(name, [bytes](const WriteAt& write_at) { write_at(0, bytes); });
}

std::string OutputDirectory::write(std::string_view name,
                                   const std::function<void(const WriteAt&)>& content) {
  std::call_once(cleared_, [&] {
    if (replaces_) clear(path_);
  });
  const fs::path target = path_ / fs::path(name);
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error) fail("create", target.parent_path(), error.value());
  PartFile file(target);
  content([&file](std::uint64_t offset, std::string_view bytes) { file.write(offset, bytes); });
  file.finish();
  return target.string();
}

}  // namespace attnviz
