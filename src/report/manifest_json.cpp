#include <algorithm>

#include "attnviz/report.h"
#include "report/formats/format.h"
#include "report/options_json.h"
#include "report/token_fields.h"

namespace attnviz::report {
namespace {

void write_model(JsonWriter& json, const ManifestModel& model) {
  json.key("model");
  json.begin_object();
  json.field("file", model.file);
  json.field("sha256", model.sha256);
  json.field("layers", model.layers);
  json.field("heads", model.heads);
  json.key("attention");
  json.begin_array();
  for (const AttentionKind kind : model.attention) json.value(to_string(kind));
  json.end_array();
  json.field("causal", model.causal);
  json.field("capture", model.capture);
  json.end_object();
}

void write_tokens(JsonWriter& json, std::string_view name, const Sequence& sequence) {
  json.key(name);
  json.begin_array();
  for (std::size_t i = 0; i < sequence.units.size(); ++i)
    write_token(json, sequence, static_cast<std::int64_t>(i));
  json.end_array();
}

void write_texts(JsonWriter& json, const Sequence& source, const Sequence* target) {
  json.field("text", source.text);
  if (!source.pair.empty()) json.field("pair", source.pair);
  if (target != nullptr && !target->text.empty()) json.field("target_text", target->text);
  const Sequence& writer = target != nullptr ? *target : source;
  if (!writer.generated.empty()) json.field("generated_text", writer.generated);
  write_tokens(json, "tokens", source);
  if (target != nullptr) write_tokens(json, "target_tokens", *target);
}

/// Null where the format was not asked for.
void write_file_of(JsonWriter& json, std::string_view member, const std::vector<ManifestFile>& files) {
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const ManifestFile& candidate) { return candidate.member == member; });
  json.key(member);
  if (file == files.end()) return json.null();
  json.value(file->name);
}

void write_outputs(JsonWriter& json, const std::vector<ManifestOutput>& outputs) {
  json.key("outputs");
  json.begin_array();
  for (const ManifestOutput& output : outputs) {
    json.begin_object();
    json.field("index", output.index);
    for (const RunFormat* format : run_formats()) {
      if (!format->token.empty()) write_file_of(json, format->token, output.files);
    }
    json.end_object();
  }
  json.end_array();
}

void write_audit(JsonWriter& json, const std::vector<LayerAudit>& audit, bool causal) {
  json.key("audit");
  json.begin_object();
  json.key("layers");
  json.begin_array();
  for (const LayerAudit& layer : audit) {
    json.begin_object();
    json.field("attention", to_string(layer.kind));
    json.field("layer", layer.layer);
    json.field("heads", layer.heads);
    json.field("row_sum_error", static_cast<float>(layer.row_sum_error));
    json.field("non_finite", layer.non_finite);
    if (causal && axes_of(layer.kind).may_be_causal)
      json.field("above_diagonal", static_cast<float>(layer.above_diagonal));
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void write_names(JsonWriter& json, std::string_view key, const std::vector<std::string>& names) {
  json.key(key);
  json.begin_array();
  for (const std::string& name : names) json.value(name);
  json.end_array();
}

std::span<const float> row_of(const Matrix& matrix, std::size_t row) {
  const auto columns = static_cast<std::size_t>(matrix.columns);
  return std::span(matrix.values).subspan(row * columns, columns);
}

void write_segments(JsonWriter& json, const std::vector<SegmentTable>& tables) {
  json.key("segments");
  json.begin_array();
  for (const SegmentTable& table : tables) {
    json.begin_object();
    json.field("attention", to_string(table.kind));
    write_names(json, "names", table.names);
    json.key("outputs");
    json.begin_array();
    for (std::size_t i = 0; i < table.outputs.size(); ++i) {
      json.begin_object();
      json.field("index", table.outputs[i]);
      json.key("masses");
      json.numbers(row_of(table.masses, i));
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

void write_flows(JsonWriter& json, const std::vector<SegmentFlow>& flows) {
  json.key("segment_flow");
  json.begin_array();
  for (const SegmentFlow& flow : flows) {
    json.begin_object();
    json.field("attention", to_string(flow.kind));
    write_names(json, "names", flow.names);
    json.key("layers");
    json.begin_array();
    for (std::size_t i = 0; i < flow.layers.size(); ++i) {
      json.begin_object();
      json.field("layer", flow.layers[i]);
      json.key("masses");
      json.begin_array();
      for (std::size_t from = 0; from < flow.names.size(); ++from) json.numbers(row_of(flow.masses[i], from));
      json.end_array();
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

void write_heads(JsonWriter& json, const std::vector<HeadSummary>& heads) {
  json.key("heads");
  json.begin_array();
  for (const HeadSummary& head : heads) {
    json.begin_object();
    json.field("attention", to_string(head.kind));
    json.field("layer", head.layer);
    json.field("head", head.head);
    json.field("rows", head.queries);
    json.field("entropy", static_cast<float>(head.entropy));
    json.field("sink", static_cast<float>(head.sink));
    json.field("previous", static_cast<float>(head.previous));
    json.field("self", static_cast<float>(head.self));
    if (head.induction) json.field("induction", static_cast<float>(*head.induction));
    if (head.duplicate) json.field("duplicate", static_cast<float>(*head.duplicate));
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string_view version() noexcept { return ATTNVIZ_VERSION; }

std::string manifest_json(const Manifest& manifest) {
  JsonWriter json;
  json.begin_object();
  json.field("schema", kRunSchema);
  json.field("attnviz", version());
  write_model(json, manifest.model);
  json.key("options");
  write_options(json, manifest.options);
  write_texts(json, *manifest.source, manifest.target.get());
  for (const ManifestFile& file : manifest.files) json.field(file.member, file.name);
  write_outputs(json, manifest.outputs);
  write_audit(json, manifest.audit, manifest.model.causal);
  if (!manifest.segments.empty()) write_segments(json, manifest.segments);
  if (!manifest.flows.empty()) write_flows(json, manifest.flows);
  if (!manifest.heads.empty()) write_heads(json, manifest.heads);
  json.key("warnings");
  json.begin_array();
  for (const std::string& warning : manifest.warnings) json.value(warning);
  json.end_array();
  json.end_object();
  return std::move(json).finish();
}

}  // namespace attnviz::report
