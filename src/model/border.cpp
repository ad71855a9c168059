#include "model/border.h"

#include <c10/util/Exception.h>
#include <torch/version.h>

#include <string_view>

namespace attnviz::model {

namespace {

#if TORCH_VERSION_MAJOR >= 2
namespace warnings = c10::WarningUtils;
class DroppingHandler final : public c10::WarningHandler {
 public:
  void process(const c10::Warning&) override {}
};
#else
namespace warnings = c10::Warning;
class DroppingHandler final : public c10::WarningHandler {
 public:
  void process(const c10::SourceLocation&, const std::string&, bool) override {}
};
#endif

}  // namespace

QuietTorch::QuietTorch() : previous_(warnings::get_warning_handler()) {
  static DroppingHandler dropping;
  warnings::set_warning_handler(&dropping);
}

QuietTorch::~QuietTorch() { warnings::set_warning_handler(static_cast<c10::WarningHandler*>(previous_)); }

std::string summary_of(const std::string& message) {
  if (message == "std::bad_alloc") return "there is not enough memory";
  std::string_view text = message;
  // The interpreter ends its traceback with "RuntimeError: what happened"; c10 appends "Exception raised
  // from".
  if (const auto at = text.rfind("Error: ");
      at != std::string_view::npos && text.starts_with("The following operation")) {
    text.remove_prefix(at + 7);
  }
  if (const auto at = text.find("\nException raised from"); at != std::string_view::npos)
    text = text.substr(0, at);
  // A failed check of torch begins with where it stands: "[enforce fail at file.cc:12] condition. What
  // happened".
  if (text.starts_with("[enforce fail at ")) {
    const auto place = text.find("] ");
    const auto condition = place == std::string_view::npos ? place : text.find(". ", place);
    if (condition != std::string_view::npos) text.remove_prefix(condition + 2);
  }
  while (!text.empty() && (text.front() == '\n' || text.front() == ' ')) text.remove_prefix(1);
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace attnviz::model
