#include <algorithm>

#include "attnviz/core.h"

namespace attnviz {
namespace {

/// Length of the well-formed sequence at `at` (Unicode 15, table 3-7), 0 if there is none.
std::size_t sequence_length(std::string_view bytes, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const std::size_t left = bytes.size() - at;
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  if (first < 0xE0) return left >= 2 && continues(1) ? 2 : 0;
  const unsigned second = left >= 2 ? byte(1) : 0U;
  if (first < 0xF0) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return left >= 3 && second >= low && second <= high && continues(2) ? 3 : 0;
  }
  const unsigned low = first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
  return left >= 4 && second >= low && second <= high && continues(2) && continues(3) ? 4 : 0;
}

std::string without_nul(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\0' ? "\uFFFD" : std::string(1, c);
  return out;
}

}  // namespace

Error::Error(ErrorKind kind, std::string_view sentence, std::string detail)
    : std::runtime_error(without_nul(sentence)), kind_(kind), detail_(std::move(detail)) {}

std::optional<std::size_t> find_invalid_utf8(std::string_view bytes) noexcept {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t length = sequence_length(bytes, at);
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

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
