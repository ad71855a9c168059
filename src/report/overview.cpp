#include "report/overview.h"

#include <algorithm>

namespace attnviz::report {
namespace {

/// Which named part of `sequence` each key is in; what the model wrote is one of them.
void name_segments(const Sequence& sequence, Heatmap& out) {
  if (sequence.segments.empty()) return;
  for (const Segment& segment : sequence.segments) out.segment_names.push_back(segment.name);
  const auto generated = static_cast<int>(out.segment_names.size());
  if (!sequence.generated.empty()) out.segment_names.emplace_back(kGeneratedSegment);
  for (std::size_t key = 0; key < out.column_labels.size(); ++key) {
    const Unit& unit = sequence.units[key];
    const bool own = unit.generated && !sequence.generated.empty();
    out.segments.push_back(own ? generated : unit.segment);
  }
}

Heatmap summary(const AttentionMap& map, std::span<const OutputToken> outputs, const Sequence& looked_at,
                bool masks) {
  Heatmap out;
  out.title = std::string(map.reduction->name) + ", " + std::string(to_string(map.kind)) + " attention";
  out.kind = map.kind;
  out.reduction = map.reduction;
  if (!looked_at.merged.empty()) out.column_unit = "words";
  std::int64_t last_query = 0;
  for (const OutputToken& output : outputs) last_query = std::max(last_query, output.query);
  for (std::size_t key = 0; key < static_cast<std::size_t>(map.keys); ++key) {
    const std::int64_t position = looked_at.position_of(static_cast<std::int64_t>(key));
    if (masks && position > last_query) break;  // none of the outputs sees it
    out.column_labels.push_back(looked_at.units[key].label);
    out.column_positions.push_back(position);
    out.special.push_back(looked_at.units[key].special ? 1 : 0);
  }
  name_segments(looked_at, out);
  const auto rows = static_cast<std::int64_t>(outputs.size());
  const auto columns = static_cast<std::int64_t>(out.column_labels.size());
  out.weights = {rows, columns, {}};
  for (const OutputToken& output : outputs) {
    const auto at =
        std::lower_bound(map.queries.begin(), map.queries.end(), output.query) - map.queries.begin();
    const auto row = map.overall_row(static_cast<std::size_t>(at));
    out.weights.values.insert(out.weights.values.end(), row.begin(), row.begin() + columns);
    out.row_labels.push_back(output.text);
    out.row_positions.push_back(output.index);
    for (std::size_t key = 0; key < out.column_positions.size(); ++key) {
      const bool ahead = masks && out.column_positions[key] > output.query;
      const bool dropped = !map.dropped.empty() && map.dropped[key] == 1;
      out.masked.push_back(ahead || dropped ? 1 : 0);
    }
  }
  return out;
}

/// The units of a side that puts nothing out.
std::vector<OutputToken> rows_of_side(const AttentionMap& map, const Sequence& sequence) {
  std::vector<OutputToken> rows;
  for (std::size_t i = 0; i < map.queries.size() && i < sequence.units.size(); ++i)
    rows.push_back({.index = sequence.position_of(static_cast<std::int64_t>(i)),
                    .text = sequence.units[i].label,
                    .query = map.queries[i]});
  return rows;
}

}  // namespace

std::vector<Heatmap> summary_heatmaps(const RunMaps& run) {
  std::vector<Heatmap> all;
  if (run.tokens.empty()) return all;
  std::vector<OutputToken> outputs;
  for (const TokenMap& map : run.tokens) outputs.push_back(map.token);
  for (const AttentionKind kind : kAttentionKinds) {
    const Axes axes = axes_of(kind);
    for (const ReductionInfo* reduction : run.reductions) {
      const AttentionMap* map = run.maps.find(kind, *reduction);
      if (map == nullptr) continue;
      const Sequence& keys = *run.sequences.of(axes.keys);
      if (axes.queries == run.asking) {
        all.push_back(summary(*map, outputs, keys, run.causal && axes.within_one()));
      } else {
        all.push_back(summary(*map, rows_of_side(*map, *run.sequences.of(axes.queries)), keys, false));
      }
    }
  }
  return all;
}

}  // namespace attnviz::report
