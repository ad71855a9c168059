#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "attnviz/core.h"
#include "cli/rate.h"
#include "cli/start/start.h"

namespace attnviz::cli {

enum class Progress { kAuto, kAlways, kNever };

/// How much the command says on standard error.
struct ConsoleOptions {
  bool quiet = false;
  bool verbose = false;
  Progress progress = Progress::kAuto;
  Start start;  ///< What there is to say of how the process was started.
};

/// The listener of the command: one line a warning; for long work a bar where standard error is a terminal,
/// and a line a minute elsewhere.
class Console final : public Listener {
 public:
  explicit Console(const ConsoleOptions& options);
  ~Console() override;

  void warning(std::string_view sentence) override;
  void detail(std::string_view sentence) override;
  void progress(std::string_view what, std::int64_t done, std::int64_t total) override;
  /// An error that does not end the command.
  void error(std::string_view sentence);
  /// True after SIGINT, SIGTERM or SIGHUP.
  bool cancelled() const override;
  bool verbose() const noexcept { return options_.verbose; }

 private:
  void draw_bar(const std::string& text, std::int64_t done, std::int64_t total);
  void clear_bar();

  ConsoleOptions options_;
  bool bar_ = false;  ///< Else lines.
  bool bar_shown_ = false;
  std::string what_;
  std::chrono::steady_clock::time_point started_, drawn_;
  Rate rate_{{}};
};

/// `text` as it can be shown on a terminal, whatever file it comes from: control characters and marks that
/// turn the direction of text become spaces, and where it is not UTF-8 its bytes above 127 question marks.
std::string one_line(std::string_view text);

/// "attnviz: error: …\n", on one line; the middle of what is longer than a screen is left out.
std::string error_line(std::string_view sentence);

/// Writes error_line(); `detail` on lines of its own after it.
void print_error(std::string_view sentence, std::string_view detail = {});

/// From now on SIGINT, SIGTERM and SIGHUP ask for an orderly end; a second one ends at once.
void catch_signals();

}  // namespace attnviz::cli
