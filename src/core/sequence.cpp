#include <algorithm>

#include "attnviz/core.h"

namespace attnviz {

void assign_segments(Sequence& sequence) {
  for (Unit& unit : sequence.units) {
    unit.segment = -1;
    const TextSpan* span = unit.text();
    if (span == nullptr || unit.generated) continue;
    std::int64_t most = 0;
    for (std::size_t i = 0; i < sequence.segments.size(); ++i) {
      const TextSpan& part = sequence.segments[i].span;
      if (part.pair != span->pair) continue;
      const std::int64_t shared = std::min(part.end, span->end) - std::max(part.begin, span->begin);
      if (shared > most) {
        most = shared;
        unit.segment = static_cast<int>(i);
      }
    }
  }
}

std::string_view bytes_of(const Sequence& sequence, const TextSpan& span) {
  const auto written = static_cast<std::int64_t>(sequence.text.size());
  const bool generated = !span.pair && span.begin >= written;
  const std::string& text = span.pair ? sequence.pair : generated ? sequence.generated : sequence.text;
  const std::int64_t base = generated ? written : 0, size = static_cast<std::int64_t>(text.size());
  const std::int64_t begin = std::clamp<std::int64_t>(span.begin - base, 0, size);
  const std::int64_t end = std::clamp<std::int64_t>(span.end - base, begin, size);
  return std::string_view(text).substr(static_cast<std::size_t>(begin),
                                       static_cast<std::size_t>(end - begin));
}

bool is_control(const Sequence& sequence, const Unit& unit) {
  const TextSpan* span = unit.text();
  if (!unit.special || span == nullptr || span->begin == span->end) return unit.special;
  return bytes_of(sequence, *span) == unit.piece;
}

}  // namespace attnviz
