#include "cli/console.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "core/utf8.h"

namespace attnviz::cli {
namespace {

constexpr auto kPatience =
    std::chrono::milliseconds(500);  ///< Work that takes less gets no bar, unless asked for.
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kLineEvery = std::chrono::minutes(1);
constexpr int kBarWidth = 30;

// A signal handler can reach nothing but a global, and may run on any thread.
std::atomic<bool> g_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void on_signal(int) {
  if (g_interrupted.exchange(true)) _exit(130);
}

void catch_signal(int number) {
  struct sigaction old {};
  if (sigaction(number, nullptr, &old) != 0 || old.sa_handler == SIG_IGN) return;  // as nohup wants it
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(number, &action, nullptr);
}

/// Whether a terminal does something else with `c` than to show it.
bool is_control(char32_t c) { return c < U' ' || (c >= 0x7F && c < 0xA0); }

/// Whether `c` changes the direction of the text after it, or ends a line.
bool turns_text(char32_t c) {
  return c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/// What names something absurdly long, without its middle.
std::string shortened(std::string line) {
  constexpr std::size_t kLongest = 1200, kBegin = 700, kEnd = 400;
  if (line.size() <= kLongest) return line;
  const std::size_t begin = utf8::begin_of_character(line, kBegin);
  const std::size_t end = utf8::begin_of_character(line, line.size() - kEnd);
  return line.substr(0, begin) + " … " + line.substr(end);
}

}  // namespace

Console::Console(const ConsoleOptions& options) : options_(options) {
  bar_ = options_.progress == Progress::kAlways || isatty(STDERR_FILENO) == 1;
  if (options_.quiet && options_.progress == Progress::kAuto) options_.progress = Progress::kNever;
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

void Console::error(std::string_view sentence) {
  clear_bar();
  print_error(sentence);
}

void Console::progress(std::string_view what, std::int64_t done, std::int64_t total) {
  if (options_.progress == Progress::kNever) return;
  const auto now = std::chrono::steady_clock::now();
  if (what != what_) {
    clear_bar();
    what_ = what;
    started_ = drawn_ = now;
    rate_ = Rate(now);
  }
  rate_.update(now, done);
  if (total > 0 && done >= total) return clear_bar();
  const std::string text = progress_text(what, done, total, rate_.per_second());
  if (bar_) return draw_bar(text, done, total);
  if (now - drawn_ < kLineEvery) return;
  std::cerr << "attnviz: " << text << '\n';
  drawn_ = now;
}

void Console::draw_bar(const std::string& text, std::int64_t done, std::int64_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (options_.progress == Progress::kAuto && now - started_ < kPatience) return;
  if (bar_shown_ && now - drawn_ < kRedraw) return;
  const int filled = total > 0 ? static_cast<int>(done * kBarWidth / total) : 0;
  const std::string bar = std::string(static_cast<std::size_t>(filled), '=') +
                          std::string(static_cast<std::size_t>(kBarWidth - filled), ' ');
  std::cerr << "\r[" << bar << "] " << text << "\x1b[K" << std::flush;
  drawn_ = now;
  bar_shown_ = true;
}

bool Console::cancelled() const { return g_interrupted; }

void Console::clear_bar() {
  if (!bar_shown_) return;
  std::cerr << "\r\x1b[K" << std::flush;
  bar_shown_ = false;
}

std::string one_line(std::string_view text) {
  std::string line;
  const bool valid = !find_invalid_utf8(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = valid ? utf8::next(text, at) : static_cast<unsigned char>(text[at++]);
    if (!valid && c >= 0x80) {
      line += '?';
    } else if (is_control(c) || turns_text(c)) {
      line += ' ';
    } else {
      line += text.substr(begin, at - begin);
    }
  }
  return line;
}

std::string error_line(std::string_view sentence) {
  return "attnviz: error: " + shortened(one_line(sentence)) + '\n';
}

void print_error(std::string_view sentence, std::string_view detail) {
  std::cerr << error_line(sentence);
  if (!detail.empty()) std::cerr << detail << (detail.ends_with('\n') ? "" : "\n");
}

void catch_signals() {
  catch_signal(SIGINT);
  catch_signal(SIGTERM);
  catch_signal(SIGHUP);
}

}  // namespace attnviz::cli
