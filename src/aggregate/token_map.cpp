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

ReducedAttention reduced(const AttentionMap& map, std::int64_t query, std::size_t sources) {
  const std::size_t row = row_of(map.queries, query, map.kind);
  ReducedAttention out;
  out.reduction = map.reduction;
  out.layers = {static_cast<std::int64_t>(map.layers.size()), static_cast<std::int64_t>(sources), {}};
  out.layers.values.reserve(map.layers.size() * sources);
  for (std::size_t layer = 0; layer < map.layers.size(); ++layer) {
    const auto weights = map.row(layer, row).first(sources);
    out.layers.values.insert(out.layers.values.end(), weights.begin(), weights.end());
  }
  const auto overall = map.overall_row(row).first(sources);
  out.overall.assign(overall.begin(), overall.end());
  return out;
}

std::vector<Matrix> per_head(const HeadMap& map, std::int64_t query, std::size_t sources) {
  const std::size_t row = row_of(map.queries, query, map.kind);
  const std::size_t heads = map.heads.size(), keys = static_cast<std::size_t>(map.keys);
  std::vector<Matrix> out;
  for (std::size_t layer = 0; layer < map.layers.size(); ++layer) {
    Matrix& matrix =
        out.emplace_back(Matrix{static_cast<std::int64_t>(heads), static_cast<std::int64_t>(sources), {}});
    for (std::size_t head = 0; head < heads; ++head) {
      const auto begin =
          map.weights.begin() +
          static_cast<std::ptrdiff_t>(((layer * heads + head) * map.queries.size() + row) * keys);
      matrix.values.insert(matrix.values.end(), begin, begin + static_cast<std::ptrdiff_t>(sources));
    }
  }
  return out;
}

/// Every source belongs to exactly one entry, so the masses of a row that sums to 1 do too.
std::vector<SegmentMass> segment_masses(const Encoding& encoding, std::span<const float> mean) {
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
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const Token& token = encoding.tokens[i];
    const auto written = static_cast<std::int64_t>(encoding.text.size());
    const bool generated = token.sequence == 0 && token.span && token.span->begin >= written &&
                           token.segment < 0 && !encoding.generated.empty();
    add(token.segment >= 0 ? encoding.segments[static_cast<std::size_t>(token.segment)].name
        : generated        ? "generated"
                           : "",
        mean[i]);
  }
  return masses;
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
    if (map->keys != static_cast<std::int64_t>(view.encoding->tokens.size())) {
      throw Error(ErrorKind::kInput, "the model's " + std::string(to_string(kind)) + " attention has " +
                                         std::to_string(map->keys) + " keys, but the text has " +
                                         std::to_string(view.encoding->tokens.size()) +
                                         " tokens; its weights cannot be tied to the text");
    }
    const std::int64_t seen =
        causal && kind != AttentionKind::kCross ? std::min(query + 1, map->keys) : map->keys;
    view.sources.resize(static_cast<std::size_t>(seen));
    view.layers = map->layers;
    view.reductions.push_back(reduced(*map, query, static_cast<std::size_t>(seen)));
  }
  std::iota(view.sources.begin(), view.sources.end(), std::int64_t{0});
  for (const HeadMap& heads : maps.heads) {
    if (heads.kind != kind) continue;
    view.heads = heads.heads;
    view.per_head = per_head(heads, query, view.sources.size());
  }
  if (!view.encoding->segments.empty()) {
    const AttentionMap* mean = maps.find(kind, "mean");
    if (mean == nullptr) throw Error(ErrorKind::kUsage, "segment masses need the mean among the reductions");
    const auto row = mean->overall_row(row_of(mean->queries, query, kind)).first(view.sources.size());
    view.segments = segment_masses(*view.encoding, row);
  }
  return view;
}

}  // namespace

TokenMap make_token_map(const AttentionMaps& maps, std::span<const std::string> reductions,
                        const OutputToken& token, const AttendedTexts& texts, bool causal) {
  TokenMap out;
  out.token = token;
  if (maps.contains(AttentionKind::kSelf)) {
    out.views.push_back(make_view(maps, reductions, AttentionKind::kSelf, token.query, texts.source, causal));
  }
  if (maps.contains(AttentionKind::kCross)) {
    out.views.push_back(make_view(maps, reductions, AttentionKind::kCross, token.query, texts.source, false));
  }
  if (maps.contains(AttentionKind::kDecoder)) {
    out.views.push_back(
        make_view(maps, reductions, AttentionKind::kDecoder, token.query, texts.target, causal));
  }
  return out;
}

}  // namespace attnviz
