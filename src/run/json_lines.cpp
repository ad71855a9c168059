// What the command prints and writes as JSON beside the maps.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "attnviz/run.h"

namespace attnviz::run {
namespace {

using Json = nlohmann::ordered_json;

/// With a line's end. Nested members on lines of their own, `indent` columns in; −1: all on one line.
std::string printed(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

Json name_or_null(const Tokenizer* tokenizer) {
  return tokenizer != nullptr ? Json(tokenizer->describe()) : Json();
}

/// The largest `value` of all sites; nothing when the dry run failed.
template <class Value>
std::optional<int> most(const ModelInfo& info, Value value) {
  std::optional<int> result;
  for (const AttentionSite& site : info.sites) result = std::max(result.value_or(0), value(site));
  return result;
}

}  // namespace

std::string encoding_json(const Encoding& encoding) {
  Json out{{"ids", Json::array()},
           {"tokens", Json::array()},
           {"offsets", Json::array()},
           {"special", Json::array()}};
  for (const Token& token : encoding.tokens) {
    out["ids"].push_back(token.id);
    out["tokens"].push_back(token.piece);
    out["offsets"].push_back({token.reference.begin, token.reference.end});
    out["special"].push_back(token.sequence < 0 ? 1 : 0);
  }
  return printed(out, -1);
}

std::string error_json(std::string_view sentence) { return printed({{"error", sentence}}, -1); }

std::string model_json(const ModelInfo& info, const ModelConfig& config, const Tokenizers& tokenizers) {
  Json out;
  out["inputs"] = Json::array();
  for (const ModelInput& input : info.inputs)
    out["inputs"].push_back({{"name", input.name}, {"type", input.type}, {"role", to_string(input.role)}});
  out["sites"] = Json::array();
  for (const AttentionSite& site : info.sites) {
    out["sites"].push_back({{"layer", site.layer},
                            {"attention", to_string(site.kind)},
                            {"capture", site.capture},
                            {"scope", site.scope}});
  }
  out["layers"] = or_null(most(info, [](const AttentionSite& site) { return site.layer + 1; }));
  out["heads"] = or_null(most(info, [](const AttentionSite& site) { return site.heads; }));
  out["causal"] = or_null(info.causal);
  out["tokenizer"] = name_or_null(tokenizers.source);
  out["target_tokenizer"] = name_or_null(tokenizers.target);
  out["eos"] = config.eos;
  out["bos"] = or_null(config.bos);
  out["pad"] = or_null(config.pad);
  out["decoder_start"] = or_null(config.decoder_start);
  out["max_positions"] = or_null(info.max_positions);
  out["outputs"] = info.outputs.empty() ? Json() : Json(info.outputs);
  return printed(out, 2);
}

std::string timings_json(std::int64_t records, double load, const PhaseSeconds& seconds, double total) {
  return printed({{"records", records},
                  {"load", load},
                  {"run", seconds.run},
                  {"write", seconds.write},
                  {"total", total}},
                 2);
}

}  // namespace attnviz::run
