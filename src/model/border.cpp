#include "model/border.h"

#include <string_view>

namespace attnviz {

std::string summary_of(const std::string& message) {
  std::string_view text = message;
  // The interpreter ends its traceback with "RuntimeError: what happened"; c10 appends "Exception raised
  // from".
  if (const auto at = text.rfind("Error: ");
      at != std::string_view::npos && text.starts_with("The following operation")) {
    text.remove_prefix(at + 7);
  }
  if (const auto at = text.find("\nException raised from"); at != std::string_view::npos)
    text = text.substr(0, at);
  while (!text.empty() && (text.front() == '\n' || text.front() == ' ')) text.remove_prefix(1);
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace attnviz
