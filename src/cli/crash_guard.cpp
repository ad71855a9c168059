#include "cli/crash_guard.h"

#include <unistd.h>

#include <array>
#include <cstddef>

#include "cli/console.h"

namespace attnviz::cli {
namespace {

constexpr std::size_t kStack = std::size_t{1} << 16U;

// A signal handler can reach nothing but a global, and must not allocate.
std::array<char, 2048> g_line;
std::size_t g_length = 0;

extern "C" void on_crash(int) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, g_line.data(), g_length);
  _exit(3);
}

}  // namespace

CrashGuard::CrashGuard(const std::string& sentence) : stack_(kStack) {
  const std::string line = error_line(sentence);
  g_length = line.copy(g_line.data(), g_line.size());
  const stack_t stack{.ss_sp = stack_.data(), .ss_flags = 0, .ss_size = stack_.size()};
  ::sigaltstack(&stack, &old_stack_);
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK;
  for (std::size_t i = 0; i < kCrashes.size(); ++i) ::sigaction(kCrashes[i], &action, &old_[i]);
}

CrashGuard::~CrashGuard() {
  for (std::size_t i = 0; i < kCrashes.size(); ++i) ::sigaction(kCrashes[i], &old_[i], nullptr);
  ::sigaltstack(&old_stack_, nullptr);
}

}  // namespace attnviz::cli
