#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "attnviz/report.h"

namespace attnviz {
namespace {

namespace fs = std::filesystem;

/// Names that a run writes; nothing else in a folder is ever removed.
constexpr std::string_view kManifest = "manifest.json";
constexpr std::string_view kTokens = "tokens";
constexpr std::string_view kOverview = "overview.png";
constexpr std::string_view kTemporary = ".attnviz-part";

[[noreturn]] void fail(const std::string& action, const fs::path& path, int code) {
  throw Error(ErrorKind::kOutput,
              "cannot " + action + " '" + path.string() + "': " + std::generic_category().message(code));
}

/// A file descriptor that closes itself; close() reports what the system says, as some errors come only then.
class Descriptor {
 public:
  explicit Descriptor(const fs::path& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool is_open() const { return fd_ >= 0; }
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

void write_whole(const fs::path& target, std::string_view bytes) {
  fs::path part = target;
  part += kTemporary;
  Descriptor file(part);
  if (!file.is_open()) fail("create", target, errno);
  if (!file.write(bytes) || !file.close()) {
    const int code = errno;
    ::unlink(part.c_str());
    fail("write", target, code);
  }
  if (::rename(part.c_str(), target.c_str()) != 0) {
    const int code = errno;
    ::unlink(part.c_str());
    fail("create", target, code);
  }
}

void remove_old(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail("replace", path, error.value());
}

bool is_ours(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.size() > 5 &&
         std::all_of(name.begin(), name.begin() + 5, [](char c) { return c >= '0' && c <= '9'; });
}

/// Removes what an earlier run wrote, the manifest first.
void clear(const fs::path& folder) {
  remove_old(folder / kManifest);
  remove_old(folder / kOverview);
  std::error_code error;
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(folder / kTokens, error)) {
    if (is_ours(entry.path())) old.push_back(entry.path());
  }
  for (const fs::path& path : old) remove_old(path);
}

}  // namespace

OutputDirectory::OutputDirectory(fs::path path, IfNotEmpty policy) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) fail("create", path_, error.value());
  if (!fs::is_directory(path_, error)) fail("create", path_, ENOTDIR);
  const bool empty = fs::is_empty(path_, error);
  if (error) fail("read", path_, error.value());
  if (!empty && policy == IfNotEmpty::kRefuse) {
    throw Error(ErrorKind::kOutput,
                "the folder '" + path_.string() +
                    "' is not empty; name another one, or add --force to replace the maps in it");
  }
  if (::access(path_.c_str(), W_OK | X_OK) != 0) fail("write to", path_, errno);
  if (!empty) clear(path_);
}

std::string OutputDirectory::write(std::string_view name, std::string_view bytes) {
  const fs::path target = path_ / fs::path(name);
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error) fail("create", target.parent_path(), error.value());
  write_whole(target, bytes);
  return target.string();
}

}  // namespace attnviz
