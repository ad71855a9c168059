#include <algorithm>
#include <numeric>

#include "attnviz/aggregate.h"

namespace attnviz::aggregate {
namespace {

std::size_t row_of(const std::vector<std::int64_t>& queries, std::int64_t query, AttentionKind kind) {
  const auto found = std::lower_bound(queries.begin(), queries.end(), query);
  if (found == queries.end() || *found != query) {
    throw Error(ErrorKind::kInput, "no row of " + std::string(to_string(kind)) +
                                       " attention was kept for query " + std::to_string(query));
  }
  return static_cast<std::size_t>(found - queries.begin());
}

using Sources = std::vector<std::int64_t>;

/// The weights of `row` at `sources`, appended to `out`.
void append_at(std::span<const float> row, const Sources& sources, std::vector<float>& out) {
  for (const std::int64_t source : sources) out.push_back(row[static_cast<std::size_t>(source)]);
}

ReducedAttention reduced(const AttentionMap& map, std::int64_t query, const Sources& sources) {
  const std::size_t row = row_of(map.queries, query, map.kind);
  ReducedAttention out;
  out.reduction = map.reduction;
  out.layers = {static_cast<std::int64_t>(map.layers.size()), static_cast<std::int64_t>(sources.size()), {}};
  out.layers.values.reserve(map.layers.size() * sources.size());
  for (std::size_t layer = 0; layer < map.layers.size(); ++layer)
    append_at(map.row(layer, row), sources, out.layers.values);
  append_at(map.overall_row(row), sources, out.overall);
  return out;
}

std::vector<Matrix> per_head(const HeadMap& map, std::int64_t query, const Sources& sources) {
  const std::size_t row = row_of(map.queries, query, map.kind);
  const std::size_t heads = map.heads.size(), keys = static_cast<std::size_t>(map.keys);
  std::vector<Matrix> out;
  for (std::size_t layer = 0; layer < map.layers.size(); ++layer) {
    Matrix& matrix = out.emplace_back(
        Matrix{static_cast<std::int64_t>(heads), static_cast<std::int64_t>(sources.size()), {}});
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t begin = ((layer * heads + head) * map.queries.size() + row) * keys;
      append_at(std::span(map.weights).subspan(begin, keys), sources, matrix.values);
    }
  }
  return out;
}

/// Every source belongs to exactly one entry, so the masses of a row that sums to 1 do too.
std::vector<SegmentMass> segment_masses(const Sequence& sequence, const Sources& sources,
                                        std::span<const float> mean) {
  std::vector<SegmentMass> masses;
  const auto add = [&](std::string_view name, double mass) {
    const auto same =
        std::find_if(masses.begin(), masses.end(), [&](const SegmentMass& m) { return m.name == name; });
    if (same != masses.end()) {
      same->mass += mass;
    } else {
      masses.push_back({std::string(name), mass});
    }
  };
  for (const Segment& segment : sequence.segments) add(segment.name, 0.0);
  if (!sequence.generated.empty()) add(kGeneratedSegment, 0.0);
  for (const std::int64_t source : sources) {
    const Unit& unit = sequence.units[static_cast<std::size_t>(source)];
    const std::string_view name = unit.segment >= 0
                                      ? sequence.segments[static_cast<std::size_t>(unit.segment)].name
                                  : unit.generated ? kGeneratedSegment
                                                   : std::string_view();
    add(name, mean[static_cast<std::size_t>(source)]);
  }
  return masses;
}

/// Columns of `map` that are sources of `query`.
Sources sources_of(const AttentionMap& map, const Sequence& text, std::int64_t query, bool causal) {
  const std::int64_t seen = causal ? visible_sources(text, query) : map.keys;
  Sources sources;
  for (std::int64_t column = 0; column < std::min(seen, map.keys); ++column) {
    if (map.dropped.empty() || map.dropped[static_cast<std::size_t>(column)] == 0) sources.push_back(column);
  }
  return sources;
}

void check_width(const AttentionMap& map, const Sequence& text) {
  if (map.keys == static_cast<std::int64_t>(text.units.size())) return;
  throw Error(ErrorKind::kInput, "the model's " + std::string(to_string(map.kind)) + " attention has " +
                                     std::to_string(map.keys) + " keys, but the text has " +
                                     std::to_string(text.units.size()) +
                                     " tokens; its weights cannot be tied to the text");
}

AttentionView make_view(const AttentionMaps& maps, std::span<const ReductionInfo* const> reductions,
                        AttentionKind kind, std::int64_t query, std::shared_ptr<const Sequence> sequence,
                        bool causal) {
  AttentionView view;
  view.kind = kind;
  view.selected_heads = maps.selected_heads;
  view.sequence = std::move(sequence);
  for (const ReductionInfo* reduction : reductions) {
    const AttentionMap* map = maps.find(kind, *reduction);
    if (map == nullptr) continue;
    check_width(*map, *view.sequence);
    view.sources = sources_of(*map, *view.sequence, query, causal && axes_of(kind).within_one());
    view.layers = map->layers;
    view.removed = map->removed;
    view.reductions.push_back(reduced(*map, query, view.sources));
  }
  for (const HeadMap& heads : maps.heads) {
    if (heads.kind != kind) continue;
    view.heads = heads.heads;
    view.per_head = per_head(heads, query, view.sources);
  }
  const AttentionMap* mean = maps.find(kind, mean_reduction());
  const bool has_segments = !view.sequence->segments.empty();
  if (mean == nullptr && (has_segments || !view.removed.empty())) {
    throw Error(ErrorKind::kUsage, "segment and removed masses need the mean among the reductions");
  }
  if (mean == nullptr) return view;
  const std::size_t row = row_of(mean->queries, query, kind);
  if (has_segments) view.segments = segment_masses(*view.sequence, view.sources, mean->overall_row(row));
  if (!mean->removed_mass.empty()) view.removed_mass = mean->removed_mass[row];
  return view;
}

}  // namespace

std::int64_t visible_sources(const Sequence& sequence, std::int64_t query) {
  if (sequence.merged.empty()) return query + 1;
  return std::count_if(sequence.merged.begin(), sequence.merged.end(),
                       [&](const Span& units) { return units.begin <= query; });
}

TokenMap make_token_map(const AttentionMaps& maps, std::span<const ReductionInfo* const> reductions,
                        const OutputToken& token, const Sequences& sequences, Side asking, bool causal) {
  TokenMap out;
  out.token = token;
  for (const AttentionKind kind : kAttentionKinds) {
    const Axes axes = axes_of(kind);
    const bool kept = std::any_of(maps.maps.begin(), maps.maps.end(),
                                  [&](const AttentionMap& map) { return map.kind == kind; });
    if (!kept || axes.queries != asking) continue;
    out.views.push_back(make_view(maps, reductions, kind, token.query, sequences.of(axes.keys), causal));
  }
  return out;
}

}  // namespace attnviz::aggregate
