#include "cli/console.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>

namespace attnviz::cli {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(500);  ///< Work that takes less gets no bar.
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr int kBarWidth = 30;

// A signal handler can reach nothing but a global.
volatile std::sig_atomic_t g_interrupted = 0;

extern "C" void on_signal(int number) {
  if (g_interrupted) _exit(130);
  g_interrupted = 1;
  (void)number;
}

/// A sentence on one line: what comes from files may hold line breaks and control characters.
std::string one_line(std::string_view sentence) {
  std::string line(sentence);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; }, ' ');
  return line;
}

}  // namespace

Console::Console(const ConsoleOptions& options) : options_(options) {
  if (options_.progress == Progress::kAuto) {
    options_.progress = isatty(STDERR_FILENO) == 1 && !options_.quiet ? Progress::kAlways : Progress::kNever;
  }
}

Console::~Console() { clear_bar(); }

void Console::warning(std::string_view sentence) {
  if (options_.quiet) return;
  clear_bar();
  std::cerr << "attnviz: warning: " << one_line(sentence) << '\n';
}

void Console::detail(std::string_view sentence) {
  if (!options_.verbose) return;
  clear_bar();
  std::cerr << "attnviz: " << one_line(sentence) << '\n';
}

void Console::progress(std::string_view what, std::int64_t done, std::int64_t total) {
  if (options_.progress == Progress::kNever || total <= 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (what != what_) {
    clear_bar();
    what_ = what;
    started_ = now;
  }
  if (done >= total) return clear_bar();
  if (now - started_ < kPatience || now - drawn_ < kRedraw) return;
  const int filled = static_cast<int>(done * kBarWidth / total);
  const std::string bar = std::string(static_cast<std::size_t>(filled), '=') +
                          std::string(static_cast<std::size_t>(kBarWidth - filled), ' ');
  std::cerr << '\r' << what_ << " [" << bar << "] " << done << '/' << total << std::flush;
  drawn_ = now;
  bar_shown_ = true;
}

bool Console::cancelled() const { return g_interrupted != 0; }

void Console::clear_bar() {
  if (!bar_shown_) return;
  std::cerr << "\r\x1b[K" << std::flush;
  bar_shown_ = false;
}

void print_error(std::string_view sentence, std::string_view detail) {
  std::cerr << "attnviz: error: " << one_line(sentence) << '\n';
  if (!detail.empty()) std::cerr << detail << (detail.ends_with('\n') ? "" : "\n");
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace attnviz::cli
