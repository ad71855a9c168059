/// The command as a user runs it: arguments in; exit code, standard output and standard error out.
#pragma once

#include <sys/resource.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scratch_folder.h"

namespace attnviz::testing {

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// Runs the built attnviz in `folder` with `input` on standard input. -signal as exit code when it was
/// killed.
Outcome run_attnviz(const std::vector<std::string>& arguments, const std::string& input = "",
                    const std::filesystem::path& folder = ".");

/// The same; the command gets `signal` as soon as `when` is true.
Outcome run_attnviz_until(const std::function<bool()>& when, int signal,
                          const std::vector<std::string>& arguments, const std::filesystem::path& folder);

/// While it lives, files of the commands that are started cannot grow beyond `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes);
  ~FileSizeLimit();
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*handler_)(int) = nullptr;
};

std::string read_bytes(const std::filesystem::path& path);

/// Every file below `folder` with its bytes, folders as "/".
std::map<std::string, std::string> read_tree(const std::filesystem::path& folder);

/// Everything that is wrong with the JSON `document` under tests/schema/<name>.schema.json.
std::string violations(const std::string& document, const std::string& name);

void write_bytes(const std::filesystem::path& path, const std::string& bytes);

}  // namespace attnviz::testing
