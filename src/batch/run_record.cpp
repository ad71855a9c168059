#include "batch/run_record.h"

#include <algorithm>
#include <set>

#include "batch/checks.h"
#include "batch/output_tokens.h"
#include "batch/segment_tables.h"

namespace attnviz {
namespace {

std::vector<std::int64_t> ids_of(const Encoding& encoding) {
  std::vector<std::int64_t> ids;
  for (const Token& token : encoding.tokens) ids.push_back(token.id);
  return ids;
}

ModelInputs inputs_of(const RunTexts& texts) {
  ModelInputs inputs{.ids = ids_of(*texts.source)};
  for (const Token& token : texts.source->tokens) inputs.type_ids.push_back(token.type_id);
  if (texts.target) inputs.target_ids = ids_of(*texts.target);
  return inputs;
}

bool holds(const std::vector<AttentionKind>& kinds, AttentionKind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

/// Hands every block to all, unless the listener says to stop.
class All final : public AttentionSink {
 public:
  All(std::vector<AttentionSink*> sinks, const Listener& listener)
      : sinks_(std::move(sinks)), listener_(listener) {}
  void on_block(const AttentionBlock& block) override {
    stop_if_cancelled(listener_);
    for (AttentionSink* sink : sinks_) sink->on_block(block);
  }

 private:
  std::vector<AttentionSink*> sinks_;
  const Listener& listener_;
};

/// One record on its way through the model.
class Run {
 public:
  Run(Model& model, const Tokenizers& tokenizers, const InputRecord& record, const ExportOptions& options,
      Listener& listener)
      : model_(model),
        tokenizers_(tokenizers),
        record_(record),
        options_(options),
        listener_(listener),
        warnings_(listener),
        two_stacks_(model.info().task == Task::kSeq2Seq) {}

  RecordMaps finish() {
    check_selection(model_.info(), record_, options_);
    choose_kinds();
    encode();
    choose_outputs();
    group();
    return capture();
  }

 private:
  void choose_kinds() {
    kinds_ = options_.kinds;
    if (kinds_.empty() && two_stacks_) kinds_ = {AttentionKind::kCross, AttentionKind::kDecoder};
    if (kinds_.empty()) kinds_ = {AttentionKind::kSelf};
    rule_.of_target =
        two_stacks_ && (holds(kinds_, AttentionKind::kCross) || holds(kinds_, AttentionKind::kDecoder));
    rule_.generated = record_.generate.has_value();
    rule_.shifted = rule_.generated || rule_.of_target;
  }

  void encode() {
    Encoding source = encode_record(record_, tokenizers_.source);
    if (source.truncated > 0) {
      warnings_.add("the tokenizer cut " + std::to_string(source.truncated) +
                    " tokens off the end of the text");
    }
    const ModelInfo& info = model_.info();
    const auto positions = info.max_positions ? info.max_positions : model_.config().max_length;
    check_vocabulary(tokenizers_.source, info.vocabulary, warnings_);
    check_length(source, "the input", rule_.generated && !two_stacks_, positions);
    std::optional<Encoding> target;
    if (two_stacks_) {
      target = encode_target(record_, tokenizers_.of_target(), model_.config());
      check_length(*target, "the target", rule_.generated, positions);
    }
    texts_.prompt = (target ? *target : source).tokens.size();
    texts_.source = std::make_shared<const Encoding>(std::move(source));
    if (target) texts_.target = std::make_shared<const Encoding>(std::move(*target));
    if (options_.words && texts_.source->text.empty()) {
      throw Error(ErrorKind::kUsage, "--words needs a text to find words in; ids alone have none");
    }
    if (rule_.generated) generate();
    texts_.shown = {texts_.source, texts_.target};
    if (!options_.words) return;
    texts_.shown.source = std::make_shared<const Encoding>(merge_words(*texts_.source));
    if (texts_.target) texts_.shown.target = std::make_shared<const Encoding>(merge_words(*texts_.target));
  }

  void generate() {
    generation_ = model_.generate(inputs_of(texts_), *record_.generate, listener_);
    auto& grown = two_stacks_ ? texts_.target : texts_.source;
    Encoding encoding = *grown;
    append_generated(encoding, generation_.ids, two_stacks_ ? tokenizers_.of_target() : tokenizers_.source);
    grown = std::make_shared<const Encoding>(std::move(encoding));
    if (generation_.ids.empty())
      warnings_.add("the model ended the sequence at once: there are no generated tokens");
    if (generation_.positions_used_up) {
      warnings_.add("the model's positions were used up after " + std::to_string(generation_.ids.size()) +
                    " generated tokens");
    }
  }

  void choose_outputs() {
    outputs_ = output_tokens(texts_, rule_, generation_.probabilities, record_, options_);
    queries_ = queries_of(outputs_, rule_);
    if (outputs_.empty() && rule_.of_target && !rule_.generated) {
      warnings_.add("the target has no token after the one that starts the decoder: there is nothing to map");
    }
  }

  bool wants(std::string_view reduction) const {
    return std::find(options_.reductions.begin(), options_.reductions.end(), reduction) !=
           options_.reductions.end();
  }

  const Encoding& keys_of(AttentionKind kind) const {
    return kind == AttentionKind::kDecoder ? *texts_.target : *texts_.source;
  }
  const Encoding& shown_keys_of(AttentionKind kind) const {
    return kind == AttentionKind::kDecoder ? *texts_.shown.target : *texts_.shown.source;
  }

  void group() {
    if (!options_.words && !options_.drop_special && !options_.drop_sinks) return;
    SinkFinder finder(queries_, kSinkWeight);
    if (options_.drop_sinks) {
      All sink({&finder}, listener_);
      model_.run(inputs_of(texts_), {.kinds = kinds_, .layers = options_.layers, .heads = options_.heads},
                 sink);
    }
    for (const AttentionKind kind : kinds_) groupings_.push_back(grouping_of(kind, finder.sinks(kind)));
    if (options_.drop_sinks && std::all_of(groupings_.begin(), groupings_.end(),
                                           [](const Grouping& grouping) { return grouping.sinks.empty(); })) {
      warnings_.add("--sink drop found no sink: no token has a mean weight of 0.3 or more");
    }
    leave_out_blind_outputs();
  }

  Grouping grouping_of(AttentionKind kind, std::vector<std::int64_t> sinks) const {
    const Encoding& keys = keys_of(kind);
    Grouping grouping{.kind = kind, .columns = static_cast<std::int64_t>(shown_keys_of(kind).tokens.size())};
    const auto count = static_cast<std::int64_t>(keys.tokens.size());
    for (std::int64_t key = 0; key < count; ++key) grouping.column_of.push_back(key);
    const std::vector<Span>& words = shown_keys_of(kind).merged;
    for (std::size_t word = 0; word < words.size(); ++word) {
      for (std::int64_t key = words[word].begin; key < words[word].end; ++key)
        grouping.column_of[static_cast<std::size_t>(key)] = static_cast<std::int64_t>(word);
    }
    if (options_.words) grouping.row_of = rows_of(kind, grouping.column_of);
    if (options_.drop_special) drop_special(keys, grouping);
    if (!sinks.empty()) grouping.removed.emplace_back("sinks");
    for (const std::int64_t key : sinks) {
      grouping.column_of[static_cast<std::size_t>(key)] = -1;
      listener_.detail("token " + std::to_string(key) + " '" +
                       keys.tokens[static_cast<std::size_t>(key)].text + "' is a sink of the " +
                       std::string(to_string(kind)) + " attention and dropped");
    }
    grouping.sinks = std::move(sinks);
    return grouping;
  }

  static void drop_special(const Encoding& keys, Grouping& grouping) {
    for (std::size_t key = 0; key < keys.tokens.size(); ++key) {
      if (!is_control_token(keys, keys.tokens[key])) continue;
      grouping.column_of[key] = -1;
      if (grouping.removed.empty()) grouping.removed.emplace_back("special tokens");
    }
  }

  /// Which output word each query belongs to; beside other kinds, the encoder's rows are the words of the
  /// source.
  std::vector<std::int64_t> rows_of(AttentionKind kind, const std::vector<std::int64_t>& column_of) const {
    if (kind == AttentionKind::kEncoder && rule_.of_target) return column_of;
    const Encoding& asking = rule_.of_target ? *texts_.target : *texts_.source;
    std::vector<std::int64_t> rows(asking.tokens.size(), -1);
    for (std::size_t word = 0; word < outputs_.size(); ++word) {
      const std::int64_t first = outputs_[word].index - (rule_.shifted ? 1 : 0);
      for (std::int64_t token = 0; token < outputs_[word].tokens; ++token)
        rows[static_cast<std::size_t>(first + token)] = static_cast<std::int64_t>(word);
    }
    return rows;
  }

  /// Output tokens that see nothing but what was dropped have no map.
  void leave_out_blind_outputs() {
    const bool causal = model_.info().causal.value_or(false);
    const auto blind = [&](const OutputToken& output) {
      return std::any_of(groupings_.begin(), groupings_.end(), [&](const Grouping& grouping) {
        if (grouping.kind == AttentionKind::kEncoder && rule_.of_target) return false;
        const bool masked =
            causal && (grouping.kind == AttentionKind::kSelf || grouping.kind == AttentionKind::kDecoder);
        const auto end = masked ? grouping.column_of.begin() + output.query + 1 : grouping.column_of.end();
        return std::all_of(grouping.column_of.begin(), end, [](std::int64_t column) { return column < 0; });
      });
    };
    std::string left_out;
    for (const OutputToken& output : outputs_) {
      if (blind(output)) left_out += (left_out.empty() ? "" : ", ") + std::to_string(output.index);
    }
    if (left_out.empty()) return;
    warnings_.add("no map of output token " + left_out + ", which sees only dropped tokens");
    std::erase_if(outputs_, blind);
    queries_ = queries_of(outputs_, rule_);
    for (Grouping& grouping : groupings_) {
      const bool of_outputs = grouping.kind != AttentionKind::kEncoder || !rule_.of_target;
      if (of_outputs && !grouping.row_of.empty())
        grouping.row_of = rows_of(grouping.kind, grouping.column_of);
    }
  }

  ReductionOptions reduction_options() const {
    ReductionOptions reduce;
    reduce.reductions = options_.reductions;
    const bool needs_mean = !groupings_.empty() || !texts_.source->segments.empty();
    if (needs_mean && !wants("mean")) reduce.reductions.emplace_back("mean");
    reduce.rollout_residual = options_.rollout_residual;
    reduce.layers = options_.layers;
    reduce.heads = options_.heads;
    reduce.per_head = options_.per_head;
    reduce.kinds = kinds_;
    reduce.groupings = groupings_;
    reduce.queries = queries_;
    if (reduce.queries.empty()) reduce.queries = {0};  // nothing to map: the run is for the audit alone
    return reduce;
  }

  /// Rollout flows through every layer, every row below and both stacks; the other reductions need no more
  /// than what is shown.
  CaptureOptions capture_options(const ReductionOptions& reduce) const {
    CaptureOptions capture{.heads = options_.heads};
    if (!wants("rollout") || !rule_.of_target) capture.kinds = kinds_;
    if (wants("rollout")) return capture;
    capture.layers = options_.layers;
    const bool every_row = record_.pair || (rule_.of_target && holds(kinds_, AttentionKind::kEncoder));
    if (!every_row) capture.first_query = reduce.queries.front();
    return capture;
  }

  RecordMaps capture() {
    const ReductionOptions reduce = reduction_options();
    const CaptureOptions capture = capture_options(reduce);
    Reductions reductions(reduce);
    HeadSummaries heads({.source = ids_of(*texts_.source),
                         .target = texts_.target ? ids_of(*texts_.target) : std::vector<std::int64_t>{},
                         .kinds = kinds_,
                         .layers = options_.layers,
                         .heads = options_.heads,
                         .side = kThumbnailSide});
    SegmentFlows flows({"A", "B", ""}, sentence_of_tokens(), options_.layers);
    std::vector<AttentionSink*> sinks = {&reductions, &heads};
    if (record_.pair) sinks.push_back(&flows);
    All sink(std::move(sinks), listener_);
    const auto sites = model_.run(inputs_of(texts_), capture, sink);
    listener_.detail("captured " + std::to_string(sites.size()) + " attention layers of " +
                     std::to_string(texts_.source->tokens.size()) + " tokens");
    RecordMaps out{.maps = reductions.finish(), .outputs = outputs_, .texts = texts_.shown, .kinds = kinds_};
    check_audit(out.maps.audit, warnings_);
    out.causal = is_causal_run(out.maps.audit, capture);
    if (wants("rollout")) check_rollout(out.maps, out.causal, warnings_);
    out.manifest.model = describe_model(sites, out.causal);
    out.manifest.source = texts_.source;
    out.manifest.target = texts_.target;
    out.manifest.audit = out.maps.audit;
    out.manifest.heads = heads.finish();
    out.manifest.flows = flows.finish();
    out.manifest.segments = segment_tables(out.maps, out.outputs, out.texts, out.causal);
    out.manifest.warnings = warnings_.take();
    return out;
  }

  std::vector<std::int64_t> sentence_of_tokens() const {
    std::vector<std::int64_t> sentences;
    for (const Token& token : texts_.source->tokens)
      sentences.push_back(token.segment >= 0 ? token.segment : 2);
    return sentences;
  }

  /// A part of the rows, or a single token, cannot tell; the dry run saw all of them.
  bool is_causal_run(const std::vector<LayerAudit>& audit, const CaptureOptions& capture) const {
    const auto kind = rule_.of_target ? AttentionKind::kDecoder : AttentionKind::kSelf;
    const Encoding& asking = rule_.of_target ? *texts_.target : *texts_.source;
    const bool seen =
        std::any_of(audit.begin(), audit.end(), [&](const auto& layer) { return layer.kind == kind; });
    const bool tells = seen && capture.first_query == 0 && asking.tokens.size() > 1;
    return tells ? is_causal(audit, kind) : model_.info().causal.value_or(false);
  }

  ManifestModel describe_model(const std::vector<AttentionSite>& sites, bool causal) {
    const ModelInfo& info = model_.info();
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

  Model& model_;
  const Tokenizers& tokenizers_;
  const InputRecord& record_;
  const ExportOptions& options_;
  Listener& listener_;
  WarningLog warnings_;
  bool two_stacks_;
  OutputRule rule_;
  std::vector<AttentionKind> kinds_;  ///< Those that are shown.
  RunTexts texts_;
  Generation generation_;
  std::vector<OutputToken> outputs_;
  std::vector<std::int64_t> queries_;
  std::vector<Grouping> groupings_;
};

}  // namespace

RecordMaps run_record(Model& model, const Tokenizers& tokenizers, const InputRecord& record,
                      const ExportOptions& options, Listener& listener) {
  return Run(model, tokenizers, record, options, listener).finish();
}

}  // namespace attnviz
