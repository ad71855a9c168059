#include "batch/overview.h"

#include <algorithm>

namespace attnviz {
namespace {

/// Which named part of `encoding` each key is in; what the model wrote is one of them.
void name_segments(const Encoding& encoding, Heatmap& out) {
  if (encoding.segments.empty()) return;
  for (const Segment& segment : encoding.segments) out.segment_names.push_back(segment.name);
  const auto generated = static_cast<int>(out.segment_names.size());
  if (!encoding.generated.empty()) out.segment_names.emplace_back("generated");
  const auto written = static_cast<std::int64_t>(encoding.text.size());
  for (std::size_t key = 0; key < out.column_labels.size(); ++key) {
    const Token& token = encoding.tokens[key];
    const bool own = !encoding.generated.empty() && token.sequence == 0 && token.segment < 0 && token.span &&
                     token.span->begin >= written;
    out.segments.push_back(own ? generated : token.segment);
  }
}

Heatmap summary(const AttentionMap& map, std::span<const OutputToken> outputs, const Encoding& looked_at,
                bool masks) {
  Heatmap out;
  out.title = map.reduction + ", " + std::string(to_string(map.kind)) + " attention";
  out.kind = map.kind;
  out.reduction = map.reduction;
  if (!looked_at.merged.empty()) out.column_unit = "words";
  std::int64_t last_query = 0;
  for (const OutputToken& output : outputs) last_query = std::max(last_query, output.query);
  for (std::size_t key = 0; key < static_cast<std::size_t>(map.keys); ++key) {
    const std::int64_t position =
        looked_at.merged.empty() ? static_cast<std::int64_t>(key) : looked_at.merged[key].begin;
    if (masks && position > last_query) break;  // none of the outputs sees it
    out.column_labels.push_back(looked_at.tokens[key].text);
    out.column_positions.push_back(position);
    out.special.push_back(looked_at.tokens[key].special ? 1 : 0);
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

/// Beside other kinds, the encoder's rows are the tokens (or words) of the source.
std::vector<OutputToken> rows_of_encoder(const AttentionMap& map, const Encoding& source) {
  std::vector<OutputToken> rows;
  for (std::size_t i = 0; i < map.queries.size() && i < source.tokens.size(); ++i)
    rows.push_back({.index = source.merged.empty() ? static_cast<std::int64_t>(i) : source.merged[i].begin,
                    .text = source.tokens[i].text,
                    .query = map.queries[i]});
  return rows;
}

}  // namespace

std::vector<Heatmap> summary_heatmaps(const AttentionMaps& maps, std::span<const std::string> reductions,
                                      std::span<const OutputToken> outputs, const AttendedTexts& texts,
                                      bool causal) {
  std::vector<Heatmap> all;
  if (outputs.empty()) return all;
  const bool other_kinds = std::any_of(maps.maps.begin(), maps.maps.end(), [](const AttentionMap& map) {
    return map.kind != AttentionKind::kEncoder;
  });
  for (const AttentionKind kind :
       {AttentionKind::kSelf, AttentionKind::kCross, AttentionKind::kDecoder, AttentionKind::kEncoder}) {
    const Encoding& looked_at =
        kind == AttentionKind::kDecoder && texts.target ? *texts.target : *texts.source;
    for (const std::string& name : reductions) {
      const AttentionMap* map = maps.find(kind, name);
      if (map == nullptr) continue;
      if (kind == AttentionKind::kEncoder && other_kinds) {
        all.push_back(summary(*map, rows_of_encoder(*map, looked_at), looked_at, false));
      } else {
        const bool own_past = kind == AttentionKind::kSelf || kind == AttentionKind::kDecoder;
        all.push_back(summary(*map, outputs, looked_at, causal && own_past));
      }
    }
  }
  return all;
}

}  // namespace attnviz
