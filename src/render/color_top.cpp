/// The top that the colour scales of a run share.
#include <algorithm>

#include "render/scale.h"
#include "render/token_page.h"

namespace attnviz::render {

std::vector<std::uint8_t> special_sources(const AttentionView& view) {
  std::vector<std::uint8_t> special;
  special.reserve(view.sources.size());
  for (const std::int64_t source : view.sources) {
    special.push_back(view.sequence->units[static_cast<std::size_t>(source)].special ? 1 : 0);
  }
  return special;
}

void ColorTop::add(const TokenMap& map) {
  for (const AttentionView& view : map.views) {
    const std::vector<std::uint8_t> special = special_sources(view);
    const bool first = !view.sources.empty() && view.sources[0] == 0;
    const auto add = [&](const ReductionInfo* reduction, const Matrix& weights,
                         std::vector<std::uint8_t> left_out) {
      for (std::size_t i = 0; i < left_out.size(); ++i) left_out[i] |= special[i];
      double& top = tops_[{view.kind, reduction}];
      top = std::max(top, largest_weight(weights, {}, left_out));
    };
    for (const ReducedAttention& reduced : view.reductions) {
      const auto sinks = sink_columns(reduced.layers, {}, special, first);
      add(reduced.reduction, reduced.layers, sinks);
      add(reduced.reduction, {1, static_cast<std::int64_t>(reduced.overall.size()), reduced.overall}, sinks);
    }
    for (const Matrix& heads : view.per_head) add(nullptr, heads, sink_columns(heads, {}, special, first));
  }
}

double ColorTop::of(AttentionKind kind, const ReductionInfo* reduction) const {
  const auto found = tops_.find({kind, reduction});
  return found == tops_.end() ? 0.0 : found->second;
}

}  // namespace attnviz::render
