#include "attnviz/report.h"
#include "report/token_fields.h"

namespace attnviz {
namespace {

void write_option(JsonWriter& json, const OptionValue& option) {
  if (const auto* truth = std::get_if<bool>(&option)) return json.value(*truth);
  if (const auto* number = std::get_if<std::int64_t>(&option)) return json.value(*number);
  if (const auto* real = std::get_if<double>(&option)) return json.value(static_cast<float>(*real));
  if (const auto* text = std::get_if<std::string>(&option)) return json.value(*text);
  json.begin_array();
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&option)) {
    for (const std::int64_t number : *numbers) json.value(number);
  } else {
    for (const std::string& text : std::get<std::vector<std::string>>(option)) json.value(text);
  }
  json.end_array();
}

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

void write_tokens(JsonWriter& json, std::string_view name, const Encoding& encoding) {
  json.key(name);
  json.begin_array();
  for (std::size_t i = 0; i < encoding.tokens.size(); ++i)
    write_token(json, encoding, static_cast<std::int64_t>(i));
  json.end_array();
}

void write_texts(JsonWriter& json, const Encoding& source, const Encoding* target) {
  json.field("text", source.text);
  if (!source.pair.empty()) json.field("pair", source.pair);
  if (target != nullptr) json.field("target_text", target->text);
  const Encoding& writer = target != nullptr ? *target : source;
  if (!writer.generated.empty()) json.field("generated_text", writer.generated);
  write_tokens(json, "tokens", source);
  if (target != nullptr) write_tokens(json, "target_tokens", *target);
}

void write_outputs(JsonWriter& json, const std::vector<ManifestOutput>& outputs) {
  json.key("outputs");
  json.begin_array();
  for (const ManifestOutput& output : outputs) {
    json.begin_object();
    json.field("index", output.index);
    json.key("png");
    if (output.png) {
      json.value(*output.png);
    } else {
      json.null();
    }
    json.field("json", output.json);
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
    const bool masked = layer.kind == AttentionKind::kSelf || layer.kind == AttentionKind::kDecoder;
    if (causal && masked) json.field("above_diagonal", static_cast<float>(layer.above_diagonal));
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void write_heads(JsonWriter& json, const std::vector<HeadSummary>& heads) {
  json.key("heads");
  json.begin_array();
  for (const HeadSummary& head : heads) {
    json.begin_object();
    json.field("attention", to_string(head.kind));
    json.field("layer", head.layer);
    json.field("head", head.head);
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
  json.field("schema", "attnviz.manifest/1");
  json.field("attnviz", version());
  write_model(json, manifest.model);
  json.key("options");
  json.begin_object();
  for (const auto& [name, option] : manifest.options) {
    json.key(name);
    write_option(json, option);
  }
  json.end_object();
  write_texts(json, *manifest.source, manifest.target.get());
  if (manifest.overview) json.field("overview", *manifest.overview);
  write_outputs(json, manifest.outputs);
  write_audit(json, manifest.audit, manifest.model.causal);
  if (!manifest.heads.empty()) write_heads(json, manifest.heads);
  json.key("warnings");
  json.begin_array();
  for (const std::string& warning : manifest.warnings) json.value(warning);
  json.end_array();
  json.end_object();
  return std::move(json).finish();
}

}  // namespace attnviz
