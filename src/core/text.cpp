#include "attnviz/core.h"

namespace attnviz {
namespace {

std::string without_nul(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\0' ? "\uFFFD" : std::string(1, c);
  return out;
}

}  // namespace

Error::Error(ErrorKind kind, std::string_view sentence, std::string detail)
    : std::runtime_error(without_nul(sentence)), kind_(kind), detail_(std::move(detail)) {}

void stop_if_cancelled(const Listener& listener) {
  if (listener.cancelled()) throw Error(ErrorKind::kInterrupted, "interrupted; what was finished stays");
}

}  // namespace attnviz
