#include <algorithm>
#include <cstdio>
#include <set>

#include "attnviz/batch.h"
#include "batch/ordered_pool.h"
#include "batch/overview.h"

namespace attnviz {
namespace {

/// Rows may miss 1 by this much before the user is told: float16 weights of 4,096 keys stay below.
constexpr double kRowSumTolerance = 1e-2;

/// Passes warnings on and keeps them for the manifest.
class WarningLog {
 public:
  explicit WarningLog(Listener& listener) : listener_(listener) {}
  void add(std::string sentence) {
    listener_.warning(sentence);
    sentences_.push_back(std::move(sentence));
  }
  std::vector<std::string> take() { return std::move(sentences_); }

 private:
  Listener& listener_;
  std::vector<std::string> sentences_;
};

std::vector<std::int64_t> ids_of(const Encoding& encoding) {
  std::vector<std::int64_t> ids;
  for (const Token& token : encoding.tokens) ids.push_back(token.id);
  return ids;
}

std::vector<std::int64_t> type_ids_of(const Encoding& encoding) {
  std::vector<std::int64_t> types;
  for (const Token& token : encoding.tokens) types.push_back(token.type_id);
  return types;
}

/// What can be told before the run: that the model is of one stack, and has what was selected.
void check_selection(const ModelInfo& info, const ExportOptions& options) {
  if (info.task == Task::kSeq2Seq) {
    throw Error(ErrorKind::kInput,
                "'" + info.file +
                    "' is an encoder–decoder; maps are made of models with one stack, "
                    "encoders and causal language models (attnviz inspect shows what it holds)");
  }
  if (info.sites.empty()) return;  // the dry run failed; the run will say why
  int layers = 0, heads = 0;
  std::string kinds;
  for (const AttentionSite& site : info.sites) {
    layers = std::max(layers, site.layer + 1);
    heads = std::max(heads, site.heads);
    const std::string kind(to_string(site.kind));
    if (kinds.find(kind) == std::string::npos) kinds += (kinds.empty() ? "" : " and ") + kind;
  }
  const auto refuse = [&](const std::string& what, int chosen, int count) {
    throw Error(ErrorKind::kUsage, what + " " + std::to_string(chosen) + " was asked for, but '" + info.file +
                                       "' has " + what + "s 0 to " + std::to_string(count - 1));
  };
  if (!options.layers.empty() && options.layers.back() >= layers)
    refuse("layer", options.layers.back(), layers);
  if (!options.heads.empty() && options.heads.back() >= heads) refuse("head", options.heads.back(), heads);
  for (const AttentionKind kind : options.kinds) {
    if (std::none_of(info.sites.begin(), info.sites.end(),
                     [&](const auto& site) { return site.kind == kind; })) {
      throw Error(ErrorKind::kUsage, std::string(to_string(kind)) + " attention was asked for, but '" +
                                         info.file + "' has only " + kinds + " attention");
    }
  }
}

void check_length(const Encoding& encoding, bool generates, const ModelConfig& config) {
  const auto tokens = static_cast<std::int64_t>(encoding.tokens.size());
  if (tokens == 0) throw Error(ErrorKind::kInput, "the input has no tokens; give a text that is not empty");
  if (config.max_length && tokens + (generates ? 1 : 0) > *config.max_length) {
    throw Error(ErrorKind::kInput, "the input has " + std::to_string(tokens) +
                                       " tokens, but the model takes " + std::to_string(*config.max_length) +
                                       " positions" + (generates ? ", which leaves none to generate" : "") +
                                       "; shorten the input");
  }
}

/// Output tokens of a model with one stack (contract, "Output tokens"), those that were asked for.
std::vector<OutputToken> output_tokens(const Encoding& encoding, std::size_t prompt,
                                       const Generation& generation, bool generates,
                                       const std::vector<std::int64_t>& asked) {
  std::vector<OutputToken> outputs;
  for (std::size_t i = generates ? prompt : 0; i < encoding.tokens.size(); ++i) {
    OutputToken output;
    output.index = static_cast<std::int64_t>(i);
    output.id = encoding.tokens[i].id;
    output.text = encoding.tokens[i].text;
    output.query = generates ? output.index - 1 : output.index;
    output.generated = generates;
    if (generates) output.probability = generation.probabilities[i - prompt];
    outputs.push_back(std::move(output));
  }
  if (asked.empty()) return outputs;
  for (const std::int64_t index : asked) {
    if (std::none_of(outputs.begin(), outputs.end(),
                     [&](const OutputToken& o) { return o.index == index; })) {
      const std::string range = outputs.empty() ? "there are none"
                                                : "there are " + std::to_string(outputs.front().index) +
                                                      " to " + std::to_string(outputs.back().index);
      throw Error(ErrorKind::kUsage,
                  "output token " + std::to_string(index) + " was asked for, but " + range);
    }
  }
  std::erase_if(outputs, [&](const OutputToken& o) {
    return !std::binary_search(asked.begin(), asked.end(), o.index);
  });
  return outputs;
}

std::string name_of(const LayerAudit& layer) {
  return std::string(to_string(layer.kind)) + " attention of layer " + std::to_string(layer.layer);
}

void check_audit(const std::vector<LayerAudit>& audit, WarningLog& warnings) {
  LayerAudit worst;
  for (const LayerAudit& layer : audit) {
    if (layer.non_finite > 0) {
      throw Error(ErrorKind::kInput,
                  "the " + name_of(layer) + " holds " + std::to_string(layer.non_finite) +
                      " weights that are not finite; nothing is drawn (try --dtype float32, or look at "
                      "the model's weights)");
    }
    if (layer.row_sum_error > worst.row_sum_error) worst = layer;
  }
  if (worst.row_sum_error > kRowSumTolerance) {
    char off[32];
    std::snprintf(off, sizeof off, "%.3g", worst.row_sum_error);
    warnings.add("rows of the " + name_of(worst) + " sum to 1 only within " + off +
                 "; what was captured may not be the attention");
  }
}

ManifestModel describe_model(const ModelInfo& info, const std::vector<AttentionSite>& sites, bool causal) {
  ManifestModel model{.file = info.file, .sha256 = info.sha256, .causal = causal};
  std::set<AttentionKind> kinds;
  for (const AttentionSite& site : sites) {
    kinds.insert(site.kind);
    model.layers = std::max(model.layers, site.layer + 1);
    model.heads = std::max(model.heads, site.heads);
  }
  model.attention.assign(kinds.begin(), kinds.end());
  model.capture = sites.empty() ? "" : sites.front().capture;
  return model;
}

void stop_if_cancelled(const Listener& listener) {
  if (listener.cancelled()) throw Error(ErrorKind::kInterrupted, "interrupted; the maps written so far stay");
}

/// Draws and writes the maps of all outputs; fills manifest.outputs. Returns the paths in order.
class MapWriter {
 public:
  MapWriter(const AttentionMaps& maps, const ExportOptions& options, const AttendedTexts& texts, bool causal,
            OutputDirectory& folder)
      : maps_(maps), options_(options), texts_(texts), causal_(causal), folder_(folder) {}

  std::vector<std::string> write(const std::vector<OutputToken>& outputs, Manifest& manifest,
                                 Listener& listener) {
    const auto total = static_cast<std::int64_t>(outputs.size());
    start_painters(outputs);
    manifest.outputs.resize(outputs.size());
    std::vector<std::array<std::string, 2>> written(outputs.size());
    const auto work = [&](int worker, std::int64_t item) {
      const auto i = static_cast<std::size_t>(item);
      const OutputToken& output = outputs[i];
      const TokenMap map = map_of(output);
      const std::string stem = "tokens/" + token_file_stem(output.index, output.text);
      manifest.outputs[i] = {output.index, std::nullopt, stem + ".json"};
      if (options_.png) {
        const auto bytes = encode_png(painters_[static_cast<std::size_t>(worker)].token_map(map));
        manifest.outputs[i].png = stem + ".png";
        written[i][0] =
            folder_.write(stem + ".png", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      }
      written[i][1] = folder_.write(stem + ".json", token_json(map));
    };
    for_each_item(total, options_.workers, work, [&](std::int64_t done) {
      listener.progress("writing maps", done, total);
      stop_if_cancelled(listener);
    });
    std::vector<std::string> paths;
    for (const auto& pair : written) {
      for (const std::string& path : pair) {
        if (!path.empty()) paths.push_back(path);
      }
    }
    return paths;
  }

  /// The overview picture: the heads, and every reduction's outputs × sources. Returns its path.
  std::string write_overview(const std::vector<OutputToken>& outputs, const Manifest& manifest) {
    const auto summaries = summary_heatmaps(maps_, options_.reductions, outputs, texts_, causal_);
    const Image image = painters_.front().overview(manifest.model.file, manifest.heads, summaries);
    const auto bytes = encode_png(image);
    return folder_.write("overview.png", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  std::vector<std::string> missing_characters() const {
    std::set<std::string> all;
    for (const Painter& painter : painters_) {
      for (const std::string& character : painter.missing_characters()) all.insert(character);
    }
    return {all.begin(), all.end()};
  }

 private:
  TokenMap map_of(const OutputToken& output) const {
    return make_token_map(maps_, options_.reductions, output, texts_, causal_);
  }

  void start_painters(const std::vector<OutputToken>& outputs) {
    if (!options_.png) return;
    ColorTop top;
    if (options_.render.top.kind == ScaleTop::Kind::kRun) {
      for (const OutputToken& output : outputs) top.add(map_of(output));
    }
    const int count = std::max(1, std::min(options_.workers, static_cast<int>(outputs.size())));
    for (int worker = 0; worker < count; ++worker) painters_.emplace_back(options_.render, top);
  }

  const AttentionMaps& maps_;
  const ExportOptions& options_;
  const AttendedTexts& texts_;
  bool causal_;
  OutputDirectory& folder_;
  std::vector<Painter> painters_;  ///< One for each worker.
};

ReductionOptions reduction_options(const ExportOptions& options, const std::vector<OutputToken>& outputs,
                                   bool needs_mean) {
  ReductionOptions reduce;
  reduce.reductions = options.reductions;
  const bool has_mean =
      std::find(reduce.reductions.begin(), reduce.reductions.end(), "mean") != reduce.reductions.end();
  if (needs_mean && !has_mean) reduce.reductions.emplace_back("mean");
  reduce.rollout_residual = options.rollout_residual;
  reduce.layers = options.layers;
  reduce.heads = options.heads;
  reduce.per_head = options.per_head;
  for (const OutputToken& output : outputs) reduce.queries.push_back(output.query);
  if (reduce.queries.empty()) reduce.queries = {0};  // nothing to map: the run is for the audit alone
  return reduce;
}

/// Hands every block to both, unless the listener says to stop.
class Both final : public AttentionSink {
 public:
  Both(AttentionSink& first, AttentionSink& second, const Listener& listener)
      : first_(first), second_(second), listener_(listener) {}
  void on_block(const AttentionBlock& block) override {
    stop_if_cancelled(listener_);
    first_.on_block(block);
    second_.on_block(block);
  }

 private:
  AttentionSink& first_;
  AttentionSink& second_;
  const Listener& listener_;
};

/// Rollout flows through every layer and every row below; the other reductions need no more than what is
/// shown.
CaptureOptions capture_options(const ExportOptions& options, const ReductionOptions& reduce) {
  CaptureOptions capture;
  capture.kinds = options.kinds;
  capture.heads = options.heads;
  const auto& names = reduce.reductions;
  if (std::find(names.begin(), names.end(), "rollout") == names.end()) {
    capture.layers = options.layers;
    capture.first_query = reduce.queries.front();
  }
  return capture;
}

}  // namespace

ExportResult export_maps(Model& model, const Tokenizer* tokenizer, const InputRecord& record,
                         const ExportOptions& options,
                         const std::vector<std::pair<std::string, OptionValue>>& options_for_manifest,
                         OutputDirectory& folder, Listener& listener) {
  WarningLog warnings(listener);
  check_selection(model.info(), options);
  Encoding encoding = encode_record(record, tokenizer);
  if (encoding.truncated > 0) {
    warnings.add("the tokenizer cut " + std::to_string(encoding.truncated) +
                 " tokens off the end of the text");
  }
  const bool generates = record.generate.has_value();
  check_length(encoding, generates, model.config());
  const std::size_t prompt = encoding.tokens.size();
  Generation generation;
  if (generates) {
    if (model.info().causal == false) {
      throw Error(ErrorKind::kInput,
                  "--generate needs a causal language model, but this model's attention looks ahead");
    }
    generation = model.generate({ids_of(encoding), type_ids_of(encoding), {}}, *record.generate, listener);
    append_generated(encoding, generation.ids, tokenizer);
    if (generation.ids.empty())
      warnings.add("the model ended the sequence at once: there are no generated tokens");
  }

  const auto source = std::make_shared<const Encoding>(std::move(encoding));
  const auto outputs = output_tokens(*source, prompt, generation, generates, record.tokens);
  const ReductionOptions reduce = reduction_options(options, outputs, !source->segments.empty());
  Reductions reductions(reduce);
  HeadSummaries heads(ids_of(*source), options.layers, options.heads, kThumbnailSide);
  Both sink(reductions, heads, listener);
  const CaptureOptions capture = capture_options(options, reduce);
  const auto sites = model.run({ids_of(*source), type_ids_of(*source), {}}, capture, sink);
  const AttentionMaps maps = reductions.finish();
  listener.detail("captured " + std::to_string(sites.size()) + " attention layers of " +
                  std::to_string(source->tokens.size()) + " tokens");
  check_audit(maps.audit, warnings);
  // A part of the rows, or a single token, cannot tell; the dry run saw all of them.
  const bool tells = capture.first_query == 0 && source->tokens.size() > 1;
  const bool causal =
      tells ? is_causal(maps.audit, AttentionKind::kSelf) : model.info().causal.value_or(false);

  Manifest manifest{.model = describe_model(model.info(), sites, causal), .options = options_for_manifest};
  manifest.source = source;
  manifest.audit = maps.audit;
  manifest.heads = heads.finish();
  const AttendedTexts texts{source, nullptr};
  MapWriter writer(maps, options, texts, causal, folder);
  ExportResult result{writer.write(outputs, manifest, listener), source->generated};
  if (options.png && !outputs.empty()) {
    manifest.overview = "overview.png";
    result.paths.push_back(writer.write_overview(outputs, manifest));
  }
  const auto missing = writer.missing_characters();
  if (!missing.empty()) {
    std::string list;
    for (const std::string& character : missing) list += (list.empty() ? "" : ", ") + character;
    warnings.add("no font has " + list + "; drawn as boxes (add a font with --font)");
  }
  stop_if_cancelled(listener);
  manifest.warnings = warnings.take();
  result.paths.push_back(folder.write("manifest.json", manifest_json(manifest)));
  return result;
}

}  // namespace attnviz
