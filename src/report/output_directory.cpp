#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "attnviz/report.h"
#include "report/own_files.h"

namespace attnviz::report {
namespace {

namespace fs = std::filesystem;

/// Which of a run's or a diff's files is the last: with it the folder is whole.
bool is_last(std::string_view name) { return name == kManifestFile || name == kDiffFile; }

/// Throws for a folder that holds anything which new files cannot take the place of.
void check_replaceable(const fs::path& folder) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::kOutput,
                "the folder '" + folder.string() + "' holds " + what + "; name another folder");
  };
  const std::optional<std::string> manifest = schema_of(folder / kManifestFile),
                                   diff = schema_of(folder / kDiffFile);
  if (manifest == kBatchSchema) refuse("the maps of a batch");
  if (manifest && manifest != kRunSchema) refuse("a manifest.json that attnviz did not write");
  if (diff && diff != kDiffSchema && diff != kBatchDiffSchema)
    refuse("a diff.json that attnviz did not write");
  std::error_code error;
  const fs::file_status tokens = fs::symlink_status(folder / kTokens, error);
  if (fs::is_symlink(tokens)) refuse("a link named 'tokens', which leads elsewhere");
  if (fs::exists(tokens) && !fs::is_directory(tokens))
    refuse("a file named 'tokens', where the maps' folder would be");
}

}  // namespace

OutputDirectory::OutputDirectory(fs::path path, IfNotEmpty policy)
    : path_(std::move(path)), staged_(policy == IfNotEmpty::kReplace) {
  created_ = create_folder(path_);
  std::error_code error;
  const bool empty = fs::is_empty(path_, error);
  if (error) fail("read", path_, error.value());
  if (empty) return;
  if (!staged_) {
    throw Error(ErrorKind::kOutput, "the folder '" + path_.string() +
                                        "' is not empty; name another one, or add --force to replace the "
                                        "maps in it");
  }
  check_replaceable(path_);
  fs::remove_all(path_ / kTemporary, error);
  if (error) fail("replace", path_ / kTemporary, error.value());
}

OutputDirectory::~OutputDirectory() {
  std::error_code not_empty;
  if (staged_) fs::remove_all(path_ / kTemporary, not_empty);
  for (const fs::path& folder : created_) {
    if (!fs::remove(folder, not_empty)) return;
  }
}

std::string OutputDirectory::write(std::string_view name, std::string_view bytes) {
  return write(name, [bytes](const WriteAt& write_at) { write_at(0, bytes); });
}

std::string OutputDirectory::write(std::string_view name,
                                   const std::function<void(const WriteAt&)>& content) {
  const fs::path shown = path_ / fs::path(name);
  const fs::path target = staged_ ? path_ / kTemporary / fs::path(name) : shown;
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error) fail("create", shown.parent_path(), error.value());
  write_file(target, shown, content);
  if (staged_ && is_last(name)) {
    commit(std::string(name));
  } else if (staged_) {
    const std::scoped_lock lock(mutex_);
    staged_names_.emplace(name);
  }
  return shown.string();
}

void OutputDirectory::commit(const std::string& last) {
  std::error_code error;
  for (const std::string& name : staged_names_) {
    if (fs::is_directory(fs::symlink_status(path_ / name, error))) fail("replace", path_ / name, EISDIR);
  }
  if (fs::is_directory(fs::symlink_status(path_ / last, error))) fail("replace", path_ / last, EISDIR);
  clear_run(path_);
  const fs::path staging = path_ / kTemporary, part = path_ / (last + std::string(kTemporary));
  const auto move = [&](const fs::path& from, const fs::path& to) {
    fs::create_directories(to.parent_path(), error);
    if (!error) fs::rename(from, to, error);
    if (error) fail("create", to, error.value());
  };
  for (const std::string& name : staged_names_) move(staging / name, path_ / name);
  move(staging / last, part);
  fs::remove_all(staging, error);
  if (error) fail("replace", staging, error.value());
  move(part, path_ / last);  // nothing is left to be done when this is seen
  staged_names_.clear();
}

}  // namespace attnviz::report
