#pragma once

#include <array>
#include <csignal>
#include <string>
#include <vector>

namespace attnviz::cli {

/// While it lives, a crash of this process (a bad access, an overflow of the stack, an abort) ends it with
/// exit code 3 and one sentence in place of a signal. For libtorch's loading of archives: its parser and
/// unpickler follow nesting as deep as a file has it, and trust what they read. One at a time, for the
/// calling thread's stack.
class CrashGuard {
 public:
  /// `sentence` is printed as an error is.
  explicit CrashGuard(const std::string& sentence);
  ~CrashGuard();
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;

 private:
  std::vector<char> stack_;  ///< For the handler: the usual one may be full.
  stack_t old_stack_{};
  static constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  std::array<struct sigaction, kCrashes.size()> old_{};
};

}  // namespace attnviz::cli
