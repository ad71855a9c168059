#include "attnviz/diff.h"

namespace attnviz::diff {
namespace {

void write_source(JsonWriter& json, const WeightChange& change) {
  json.key("source");
  json.begin_object();
  json.field("index_a", change.a.index);
  json.field("index_b", change.b.index);
  json.field("text", change.b.text);
  json.end_object();
}

void write_change(JsonWriter& json, const WeightChange& change) {
  json.begin_object();
  json.field("value", static_cast<float>(change.value));
  json.key("layer");
  if (change.layer) {
    json.value(*change.layer);
  } else {
    json.null();
  }
  write_source(json, change);
  json.end_object();
}

void write_map(JsonWriter& json, const MapDiff& map) {
  json.begin_object();
  json.field("attention", to_string(map.kind));
  json.field("reduction", map.reduction->name);
  if (map.divergence) {
    json.field("js", static_cast<float>(map.divergence->js));
    json.field("only_a", static_cast<float>(map.divergence->only_a));
    json.field("only_b", static_cast<float>(map.divergence->only_b));
  }
  json.key("largest_difference");
  if (map.largest) {
    write_change(json, *map.largest);
  } else {
    json.null();
  }
  json.end_object();
}

void write_shift(JsonWriter& json, const SegmentShift& shift) {
  json.begin_object();
  json.field("attention", to_string(shift.kind));
  json.field("segment", shift.name);
  json.field("a", static_cast<float>(shift.a));
  json.field("b", static_cast<float>(shift.b));
  json.field("shift", static_cast<float>(shift.b - shift.a));
  json.end_object();
}

void write_token(JsonWriter& json, const TokenDiff& token, const std::string* picture) {
  json.begin_object();
  json.field("index_a", token.index_a);
  json.field("index_b", token.index_b);
  json.field("text", token.text);
  json.key("png");
  if (picture != nullptr) {
    json.value(*picture);
  } else {
    json.null();
  }
  json.key("maps");
  json.begin_array();
  for (const MapDiff& map : token.maps) write_map(json, map);
  json.end_array();
  json.key("segments");
  json.begin_array();
  for (const SegmentShift& shift : token.segments) write_shift(json, shift);
  json.end_array();
  json.end_object();
}

void write_model(JsonWriter& json, const char* name, const std::string& file, const std::string& sha256) {
  json.key(name);
  json.begin_object();
  json.field("file", file);
  json.field("sha256", sha256);
  json.end_object();
}

void write_sentences(JsonWriter& json, const char* name, const std::vector<std::string>& sentences) {
  json.key(name);
  json.begin_array();
  for (const std::string& sentence : sentences) json.value(sentence);
  json.end_array();
}

void write_indices(JsonWriter& json, const char* name, const std::vector<std::int64_t>& indices) {
  json.key(name);
  json.begin_array();
  for (const std::int64_t index : indices) json.value(index);
  json.end_array();
}

/// The token and the map that are furthest apart, null when there is none.
template <class Choice, class Write>
void write_peak(JsonWriter& json, const char* name, const TokenDiff* token, Choice choice,
                const Write& write) {
  json.key(name);
  if (token == nullptr) return json.null();
  const MapDiff& map = *(token->*choice)();
  json.begin_object();
  write(map);
  json.field("index_a", token->index_a);
  json.field("index_b", token->index_b);
  json.field("text", token->text);
  json.field("attention", to_string(map.kind));
  json.field("reduction", map.reduction->name);
  json.end_object();
}

void write_peaks(JsonWriter& json, const RunDiff& diff) {
  write_peak(json, "largest_js", diff.most_divergent(), &TokenDiff::most_divergent,
             [&](const MapDiff& map) { json.field("js", static_cast<float>(map.divergence->js)); });
  write_peak(json, "largest_difference", diff.most_different(), &TokenDiff::most_different,
             [&](const MapDiff& map) { json.field("value", static_cast<float>(map.largest->value)); });
}

}  // namespace

std::string diff_json(const RunDiff& diff, std::span<const std::string> pictures) {
  JsonWriter json;
  json.begin_object();
  json.field("schema", report::kDiffSchema);
  json.field("attnviz", version());
  write_model(json, "model_a", diff.model_a, diff.sha256_a);
  write_model(json, "model_b", diff.model_b, diff.sha256_b);
  write_sentences(json, "differences", diff.differences);
  write_sentences(json, "warnings", diff.warnings);
  write_peaks(json, diff);
  write_indices(json, "only_a", diff.only_a);
  write_indices(json, "only_b", diff.only_b);
  json.key("tokens");
  json.begin_array();
  for (std::size_t i = 0; i < diff.tokens.size(); ++i)
    write_token(json, diff.tokens[i], pictures.empty() || pictures[i].empty() ? nullptr : &pictures[i]);
  json.end_array();
  json.end_object();
  return std::move(json).finish();
}

std::string diff_json(const BatchDiff& diff) {
  JsonWriter json;
  json.begin_object();
  json.field("schema", report::kBatchDiffSchema);
  json.field("attnviz", version());
  json.key("records");
  json.begin_array();
  for (const RecordDiff& record : diff.records) {
    json.begin_object();
    json.field("id", record.id);
    if (record.diff) {
      write_peaks(json, *record.diff);
    } else {
      json.field("error", record.error);
    }
    json.end_object();
  }
  json.end_array();
  write_sentences(json, "only_a", diff.only_a);
  write_sentences(json, "only_b", diff.only_b);
  json.end_object();
  return std::move(json).finish();
}

}  // namespace attnviz::diff
