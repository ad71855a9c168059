#include <algorithm>
#include <cctype>
#include <cstdio>

#include "attnviz/report.h"
#include "report/own_files.h"
#include "report/token_fields.h"

namespace attnviz::report {
namespace {

void write_rows(JsonWriter& json, const Matrix& matrix) {
  json.begin_array();
  const auto columns = static_cast<std::size_t>(matrix.columns);
  for (std::size_t row = 0; row < static_cast<std::size_t>(matrix.rows); ++row) {
    json.numbers(std::span(matrix.values).subspan(row * columns, columns));
  }
  json.end_array();
}

void write_view(JsonWriter& json, const AttentionView& view) {
  json.begin_object();
  json.field("attention", to_string(view.kind));
  json.key("sources");
  json.begin_array();
  for (const std::int64_t position : view.sources) write_token(json, *view.sequence, position);
  json.end_array();
  json.key("reductions");
  json.begin_object();
  for (const ReducedAttention& reduction : view.reductions) {
    json.key(reduction.reduction->name);
    json.begin_object();
    json.key("layers");
    write_rows(json, reduction.layers);
    json.key("overall");
    json.numbers(reduction.overall);
    json.end_object();
  }
  json.end_object();
  if (!view.per_head.empty()) {
    json.key("heads");
    json.begin_array();
    for (const Matrix& layer : view.per_head) write_rows(json, layer);
    json.end_array();
  }
  if (!view.segments.empty()) {
    json.key("segments");
    json.begin_object();
    for (const SegmentMass& segment : view.segments)
      json.field(segment.name, static_cast<float>(segment.mass));
    json.end_object();
  }
  if (!view.removed.empty()) {
    json.key("removed");
    json.begin_array();
    for (const std::string& what : view.removed) json.value(what);
    json.end_array();
  }
  json.field("removed_mass", static_cast<float>(view.removed_mass));
  json.end_object();
}

}  // namespace

void write_token(JsonWriter& json, const Sequence& sequence, std::int64_t position) {
  const Unit& unit = sequence.units[static_cast<std::size_t>(position)];
  const TextSpan* span = unit.text();
  const std::string& text = span != nullptr && span->pair ? sequence.pair : sequence.text;
  const bool in_input = span != nullptr && span->begin < static_cast<std::int64_t>(text.size());
  const bool word = !sequence.merged.empty();
  const Span tokens =
      word ? sequence.merged[static_cast<std::size_t>(position)] : Span{position, position + 1};
  json.begin_object();
  json.field("index", tokens.begin);
  if (word) json.field("tokens", tokens.end - tokens.begin);
  json.field("id", unit.id);
  json.field("text", unit.label);
  for (const auto& [name, edge] : {std::pair{"begin", &Span::begin}, std::pair{"end", &Span::end}}) {
    json.key(name);
    if (in_input) {
      json.value(span->*edge);
    } else {
      json.null();
    }
  }
  json.field("special", unit.special);
  if (unit.segment >= 0)
    json.field("segment", sequence.segments[static_cast<std::size_t>(unit.segment)].name);
  json.end_object();
}

std::string token_json(const TokenMap& map) {
  JsonWriter json;
  json.begin_object();
  json.field("schema", kTokenSchema);
  json.key("token");
  json.begin_object();
  json.field("index", map.token.index);
  if (map.token.tokens > 1) json.field("tokens", map.token.tokens);
  json.field("id", map.token.id);
  json.field("text", map.token.text);
  json.field("query", map.token.query);
  json.field("generated", map.token.generated);
  if (map.token.probability) json.field("probability", static_cast<float>(*map.token.probability));
  json.end_object();
  json.key("views");
  json.begin_array();
  for (const AttentionView& view : map.views) write_view(json, view);
  json.end_array();
  json.end_object();
  return std::move(json).finish();
}

std::string token_file(std::int64_t index, std::string_view label, std::string_view extension) {
  constexpr std::size_t kLongest = 24;
  char number[24];
  std::snprintf(number, sizeof number, "%05lld", static_cast<long long>(index));
  std::string kept;
  for (const char c : label) {
    const bool plain =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (plain && kept.size() < kLongest) kept += c;
  }
  return std::string(kTokens) + "/" + number + (kept.empty() ? "" : "-") + kept + "." +
         std::string(extension);
}

}  // namespace attnviz::report
