#include "diff/comparison_pictures.h"

namespace attnviz::diff {
namespace {

std::string title_of(AttentionKind kind, const ReductionInfo& reduction) {
  return "B − A, " + std::string(reduction.name) + ", " + std::string(to_string(kind)) + " attention";
}

void append_changes(Heatmap& map, const ViewPair& pair, std::span<const float> a, std::span<const float> b) {
  for (const ViewPair::Place& place : pair.places) map.weights.values.push_back(pair.change(place, a, b));
  ++map.weights.rows;
}

void append_label(Heatmap& map, const SavedSource& source) {
  map.column_labels.push_back(source.text);
  map.column_positions.push_back(source.index);
  map.special.push_back(source.special ? 1 : 0);
  ++map.weights.columns;
}

}  // namespace

Heatmap difference_map(const ViewPair& pair, const ReducedAttention& a, const ReducedAttention& b,
                       const Columns& columns) {
  const AttentionKind kind = pair.views[0]->kind;
  Heatmap map;
  map.title = title_of(kind, *a.reduction);
  map.kind = kind;
  map.difference = true;
  for (const ViewPair::Place& place : pair.places) append_label(map, columns.source(place.column));
  for_each_row(pair, a, b,
               [&](std::optional<int> layer, std::span<const float> row_a, std::span<const float> row_b) {
                 append_changes(map, pair, row_a, row_b);
                 map.row_labels.push_back(layer ? std::to_string(*layer) : "overall");
               });
  return map;
}

Heatmap empty_overview(const Columns& columns, AttentionKind kind, const ReductionInfo& reduction) {
  Heatmap map;
  map.title = title_of(kind, reduction);
  map.kind = kind;
  map.difference = true;
  for (std::size_t column = 0; column < columns.count(); ++column) append_label(map, columns.source(column));
  return map;
}

void append_row(Heatmap& overview, const ViewPair& pair, const ReducedAttention& a, const ReducedAttention& b,
                const TokenDiff& token) {
  const std::size_t begin = overview.weights.values.size();
  const auto width = static_cast<std::size_t>(overview.weights.columns);
  overview.weights.values.resize(begin + width, 0.0F);
  overview.masked.resize(begin + width, 1);
  for (const ViewPair::Place& place : pair.places) {
    overview.weights.values[begin + place.column] = pair.change(place, a.overall, b.overall);
    overview.masked[begin + place.column] = 0;
  }
  overview.row_labels.push_back(token.text);
  overview.row_positions.push_back(token.index_b);
  ++overview.weights.rows;
}

}  // namespace attnviz::diff
