#include <algorithm>

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

void assign_segments(Encoding& encoding) {
  for (Token& token : encoding.tokens) {
    token.segment = -1;
    if (token.sequence < 0 || !token.span) continue;
    std::int64_t most = 0;
    for (std::size_t i = 0; i < encoding.segments.size(); ++i) {
      if (encoding.segments[i].sequence != token.sequence) continue;
      const Span part = encoding.segments[i].span;
      const std::int64_t shared =
          std::min(part.end, token.span->end) - std::max(part.begin, token.span->begin);
      if (shared > most) {
        most = shared;
        token.segment = static_cast<int>(i);
      }
    }
  }
}

}  // namespace attnviz
