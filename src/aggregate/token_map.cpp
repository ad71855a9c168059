#include <algorithm>
#include <numeric>

#include "attnviz/aggregate.h"

namespace attnviz {
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
std::vector<SegmentMass> segment_masses(const Encoding& encoding, const Sources& sources,
                                        std::span<const float> mean) {
  std::vector<SegmentMass> masses;
  const auto add = [&](const std::string& name, double mass) {
    const auto same =
        std::find_if(masses.begin(), masses.end(), [&](const SegmentMass& m) { return m.name == name; });
    if (same != masses.end()) {
      same->mass += mass;
    } else {
      masses.push_back({name, mass});
    }
  };
  for (const Segment& segment : encoding.segments) add(segment.name, 0.0);
  if (!encoding.generated.empty()) add("generated", 0.0);
  for (const std::int64_t source : sources) {
    const Token& token = encoding.tokens[static_cast<std::size_t>(source)];
    const auto written = static_cast<std::int64_t>(encoding.text.size());
    const bool generated = token.sequence == 0 && token.span && token.span->begin >= written &&
                           token.segment < 0 && !encoding.generated.empty();
    add(token.segment >= 0 ? encoding.segments[static_cast<std::size_t>(token.segment)].name
        : generated        ? "generated"
                           : "",
        mean[static_cast<std::size_t>(source)]);
  }
  return masses;
}

/// Columns of `map` that are sources of `query`.
Sources sources_of(const AttentionMap& map, const Encoding& text, std::int64_t query, bool causal) {
  const std::int64_t seen = causal ? visible_sources(text, query) : map.keys;
  Sources sources;
  for (std::int64_t column = 0; column < std::min(seen, map.keys); ++column) {
    if (map.dropped.empty() || map.dropped[static_cast<std::size_t>(column)] == 0) sources.push_back(column);
  }
  return sources;
}

void check_width(const AttentionMap& map, const Encoding& text) {
  if (map.keys == static_cast<std::int64_t>(text.tokens.size())) return;
  throw Error(ErrorKind::kInput, "the model's " + std::string(to_string(map.kind)) + " attention has " +
                                     std::to_string(map.keys) + " keys, but the text has " +
                                     std::to_string(text.tokens.size()) +
                                     " tokens; its weights cannot be tied to the text");
}

AttentionView make_view(const AttentionMaps& maps, std::span<const std::string> reductions,
                        AttentionKind kind, std::int64_t query, std::shared_ptr<const Encoding> encoding,
                        bool causal) {
  AttentionView view;
  view.kind = kind;
  view.selected_heads = maps.selected_heads;
  view.encoding = std::move(encoding);
  for (const std::string& name : reductions) {
    const AttentionMap* map = maps.find(kind, name);
    if (map == nullptr) continue;
    check_width(*map, *view.encoding);
    view.sources = sources_of(*map, *view.encoding, query, causal && kind != AttentionKind::kCross);
    view.layers = map->layers;
    view.removed = map->removed;
    view.reductions.push_back(reduced(*map, query, view.sources));
  }
  for (const HeadMap& heads : maps.heads) {
    if (heads.kind != kind) continue;
    view.heads = heads.heads;
    view.per_head = per_head(heads, query, view.sources);
  }
  const AttentionMap* mean = maps.find(kind, "mean");
  const bool has_segments = !view.encoding->segments.empty();
  if (mean == nullptr && (has_segments || !view.removed.empty())) {
    throw Error(ErrorKind::kUsage, "segment and removed masses need the mean among the reductions");
  }
  if (mean == nullptr) return view;
  const std::size_t row = row_of(mean->queries, query, kind);
  if (has_segments) view.segments = segment_masses(*view.encoding, view.sources, mean->overall_row(row));
  if (!mean->removed_mass.empty()) view.removed_mass = mean->removed_mass[row];
  return view;
}

}  // namespace

const AttentionMap* AttentionMaps::find(AttentionKind kind, std::string_view reduction) const noexcept {
  const auto found = std::find_if(maps.begin(), maps.end(), [&](const AttentionMap& map) {
    return map.kind == kind && map.reduction == reduction;
  });
  return found == maps.end() ? nullptr : &*found;
}

bool AttentionMaps::contains(AttentionKind kind) const noexcept {
  return std::any_of(audit.begin(), audit.end(), [&](const LayerAudit& layer) { return layer.kind == kind; });
}

std::int64_t visible_sources(const Encoding& text, std::int64_t query) {
  if (text.merged.empty()) return query + 1;
  return std::count_if(text.merged.begin(), text.merged.end(),
                       [&](const Span& tokens) { return tokens.begin <= query; });
}

TokenMap make_token_map(const AttentionMaps& maps, std::span<const std::string> reductions,
                        const OutputToken& token, const AttendedTexts& texts, bool causal) {
  const auto kept = [&](AttentionKind kind) {
    return std::any_of(maps.maps.begin(), maps.maps.end(), [&](const auto& map) { return map.kind == kind; });
  };
  std::vector<AttentionKind> kinds;
  for (const AttentionKind kind : {AttentionKind::kSelf, AttentionKind::kCross, AttentionKind::kDecoder}) {
    if (kept(kind)) kinds.push_back(kind);
  }
  if (kinds.empty() && kept(AttentionKind::kEncoder)) kinds.push_back(AttentionKind::kEncoder);
  TokenMap out;
  out.token = token;
  for (const AttentionKind kind : kinds) {
    const auto& text = kind == AttentionKind::kDecoder ? texts.target : texts.source;
    out.views.push_back(
        make_view(maps, reductions, kind, token.query, text, causal && kind != AttentionKind::kEncoder));
  }
  return out;
}

}  // namespace attnviz
