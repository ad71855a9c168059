#include "run/run_record.h"

#include <algorithm>
#include <set>

#include "run/checks.h"
#include "run/encode_record.h"
#include "run/grouping_plan.h"
#include "run/output_tokens.h"
#include "run/plan.h"

namespace attnviz::run {
namespace {

EncodedRecord encode(const InputRecord& record, const Tokenizers& tokenizers, Model& model) {
  EncodedRecord input{.source = encode_source(record, tokenizers.source)};
  if (model.info().task == Task::kSeq2Seq)
    input.target = encode_target(record, tokenizers.of_target(), model.config());
  return input;
}

ModelInputs inputs_of(const EncodedSide& source, const Sequences& sequences) {
  ModelInputs inputs{.ids = ids_of(*sequences.source), .type_ids = source.type_ids};
  // What the model wrote goes on with the type of what it was given.
  if (!inputs.type_ids.empty()) inputs.type_ids.resize(inputs.ids.size(), inputs.type_ids.back());
  if (sequences.target) inputs.target_ids = ids_of(*sequences.target);
  return inputs;
}

RunSequences sequences_of(const EncodedRecord& input) {
  RunSequences sequences;
  sequences.tokens.source = std::make_shared<const Sequence>(input.source.sequence);
  if (input.target) sequences.tokens.target = std::make_shared<const Sequence>(*input.target);
  return sequences;
}

/// Lets the model write, and appends that to the side that it writes on.
Generation generate(Model& model, const RunPlan& plan, const ModelInputs& inputs,
                    const Tokenizers& tokenizers, Sequences& sequences, WarningLog& warnings,
                    Listener& listener) {
  Generation generation = model.generate(inputs, *plan.generate, listener);
  const bool of_target = sequences.target != nullptr;
  auto& side = of_target ? sequences.target : sequences.source;
  Sequence grown = *side;
  append_generated(grown, generation.ids, of_target ? tokenizers.of_target() : tokenizers.source);
  side = std::make_shared<const Sequence>(std::move(grown));
  check_end(generation, warnings);
  if (generation.ids.empty())
    warnings.add("the model ended the sequence at once: there are no generated tokens");
  if (generation.positions_used_up) {
    warnings.add("the model's positions were used up after " + std::to_string(generation.ids.size()) +
                 " generated tokens");
  }
  return generation;
}

Sequences as_words(const Sequences& tokens) {
  const auto merged = [](const std::shared_ptr<const Sequence>& sequence) {
    return sequence ? std::make_shared<const Sequence>(merge_words(*sequence)) : nullptr;
  };
  return {merged(tokens.source), merged(tokens.target)};
}

std::vector<OutputToken> outputs_of(const RunPlan& plan, const RunSequences& sequences,
                                    const Generation& generation) {
  const Sequence& side = *sequences.tokens.of(plan.asking);
  const auto all = all_outputs(plan, side, generation.probabilities);
  const auto asked = asked_outputs(plan, side, all);
  return plan.words ? merge_outputs(all, asked, *sequences.shown.of(plan.asking)) : asked;
}

/// The sinks of the run, where the plan asks for them.
void find_sinks(Model& model, const RunPlan& plan, const ModelInputs& inputs, SinkFinder& finder,
                WarningLog& warnings, Listener& listener) {
  if (!plan.find_sinks) return;
  ConsumerGroup consumer({&finder}, listener);
  model.run(inputs, plan.heads, consumer);
  if (std::all_of(plan.kinds.begin(), plan.kinds.end(),
                  [&](AttentionKind kind) { return finder.sinks(kind).empty(); }))
    warnings.add("--sink drop found no sink: no token has a mean weight of 0.3 or more");
}

std::string listed(const std::vector<std::int64_t>& numbers) {
  std::string list;
  for (const std::int64_t number : numbers) list += (list.empty() ? "" : ", ") + std::to_string(number);
  return list;
}

ReductionOptions reduction_options(const RunPlan& plan, const std::vector<std::int64_t>& queries,
                                   std::vector<Grouping> groupings) {
  ReductionOptions reduce{.reductions = plan.reductions,
                          .rollout_residual = plan.rollout_residual,
                          .queries = queries,
                          .asking = plan.asking,
                          .layers = plan.layers,
                          .heads = plan.heads,
                          .per_head = plan.per_head,
                          .kinds = plan.kinds,
                          .groupings = std::move(groupings)};
  const ReductionInfo* mean = &mean_reduction();
  if (plan.needs_mean && std::count(plan.reductions.begin(), plan.reductions.end(), mean) == 0)
    reduce.reductions.push_back(mean);
  if (reduce.queries.empty()) reduce.queries = {0};  // nothing to map: the run is for the audit alone
  return reduce;
}

/// Which sentence of a pair each unit is of, 2 for neither.
std::vector<std::int64_t> sentence_of_units(const Sequence& source) {
  std::vector<std::int64_t> sentences;
  for (const Unit& unit : source.units) sentences.push_back(unit.segment >= 0 ? unit.segment : 2);
  return sentences;
}

/// An encoder's queries always look ahead.
bool asks_encoder(const RunPlan& plan, const Sequences& sequences) {
  return sequences.target != nullptr && plan.asking == Side::kSource;
}

/// Whether the attention of the model, of its decoder where it has one, never looks ahead. A part of the
/// rows, or a single token, cannot tell; the dry run saw all of them.
bool is_causal_run(const RunPlan& plan, const std::vector<LayerAudit>& audit, const Needs& seen,
                   const Sequences& sequences, const ModelInfo& info) {
  const auto own = std::find_if(audit.begin(), audit.end(), [&](const LayerAudit& layer) {
    const Axes axes = axes_of(layer.kind);
    return axes.within_one() && axes.queries == plan.asking;
  });
  const bool tells = seen.first_query == 0 && sequences.of(plan.asking)->units.size() > 1;
  if (own != audit.end() && tells && !asks_encoder(plan, sequences)) return is_causal(audit, own->kind);
  return info.causal.value_or(false);
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

/// Throws kInput where the model ran attention that is to be shown, but gave none of the query of `map`: the
/// map would lack it without a word.
void check_views(const TokenMap& map, const RunPlan& plan, const std::vector<AttentionSite>& sites) {
  const Needs shown{.kinds = plan.kinds, .layers = plan.layers};
  for (const AttentionSite& site : sites) {
    if (!shown.kind(site.kind) || !shown.layer(site.layer) || axes_of(site.kind).queries != plan.asking)
      continue;
    if (std::any_of(map.views.begin(), map.views.end(),
                    [&](const AttentionView& view) { return view.kind == site.kind; }))
      continue;
    throw Error(ErrorKind::kInput, "the model's " + std::string(to_string(site.kind)) +
                                       " attention has no query " + std::to_string(map.token.query) +
                                       ", which output token " + std::to_string(map.token.index) +
                                       " needs; ask for other tokens, or leave it out with --attention");
  }
}

/// Runs the model with its attention captured, and makes a map of each of `outputs`.
RunMaps capture(Model& model, const RunPlan& plan, const ModelInputs& inputs, const RunSequences& sequences,
                const std::vector<OutputToken>& outputs, std::vector<Grouping> groupings,
                WarningLog& warnings, Listener& listener) {
  Reductions reductions(reduction_options(plan, queries_of(outputs, plan), std::move(groupings)));
  HeadSummaries heads({.source = inputs.ids,
                       .target = inputs.target_ids,
                       .kinds = plan.kinds,
                       .layers = plan.layers,
                       .heads = plan.heads,
                       .side = kThumbnailSide});
  SegmentFlows flows({"A", "B", ""}, sentence_of_units(*sequences.tokens.source), plan.layers);
  std::vector<AttentionConsumer*> consumers = {&reductions, &heads};
  if (plan.segment_flow) consumers.push_back(&flows);
  ConsumerGroup group(consumers, listener);
  const auto sites = model.run(inputs, plan.heads, group);
  listener.detail("captured " + std::to_string(sites.size()) + " attention layers of " +
                  std::to_string(inputs.ids.size()) + " tokens");
  RunMaps out{.reductions = plan.reductions,
              .maps = reductions.finish(),
              .sequences = sequences.shown,
              .asking = plan.asking};
  check_audit(out.maps.audit, warnings);
  const bool causal = is_causal_run(plan, out.maps.audit, reductions.needs(), sequences.tokens, model.info());
  out.causal = causal && !asks_encoder(plan, sequences.tokens);
  check_rollout(out.maps, out.causal, warnings);
  for (const OutputToken& output : outputs) {
    out.tokens.push_back(
        make_token_map(out.maps, plan.reductions, output, out.sequences, out.asking, out.causal));
    check_views(out.tokens.back(), plan, sites);
  }
  out.manifest.model = describe_model(model.info(), sites, causal);
  out.manifest.source = sequences.tokens.source;
  out.manifest.target = sequences.tokens.target;
  out.manifest.audit = out.maps.audit;
  out.manifest.heads = heads.finish();
  out.manifest.flows = flows.finish();
  out.manifest.segments = segment_tables(out.tokens);
  return out;
}

}  // namespace

RunMaps run_record(Model& model, const Tokenizers& tokenizers, const InputRecord& record,
                   const ExportOptions& options, Listener& listener) {
  WarningLog warnings(listener);
  check_selection(model.info(), record, options);
  const EncodedRecord input = encode(record, tokenizers, model);
  check_vocabulary(tokenizers.source, model.info().vocabulary, warnings);
  const RunPlan plan = plan_run(record, input, options, model.info());
  if (tokenizers.source != nullptr)
    check_known(input.source.sequence, tokenizers.source->unknown_id(), warnings);
  for (const std::string& warning : plan.warnings) warnings.add(warning);
  listener.detail("plan: " + describe(plan));

  RunSequences sequences = sequences_of(input);
  Generation generation;
  if (plan.generate) {
    generation = generate(model, plan, inputs_of(input.source, sequences.tokens), tokenizers,
                          sequences.tokens, warnings, listener);
  }
  sequences.shown = plan.words ? as_words(sequences.tokens) : sequences.tokens;
  const ModelInputs inputs = inputs_of(input.source, sequences.tokens);
  std::vector<OutputToken> outputs = outputs_of(plan, sequences, generation);

  SinkFinder finder({.shown = queries_of(outputs, plan),
                     .asking = plan.asking,
                     .kinds = plan.kinds,
                     .layers = plan.layers,
                     .threshold = kSinkWeight});
  find_sinks(model, plan, inputs, finder, warnings, listener);
  std::vector<Grouping> groupings = plan_groupings(plan, sequences, outputs, finder, listener);
  const bool causal = model.info().causal.value_or(false) && !asks_encoder(plan, sequences.tokens);
  const auto blind = leave_out_blind(plan, sequences, causal, outputs, groupings);
  if (!blind.empty())
    warnings.add("no map of output token " + listed(blind) + ", which sees only dropped tokens");
  if (outputs.empty() && blind.empty() && plan.drop_special && !plan.generate)
    warnings.add(
        "nothing is mapped: every token that could be is special, and --special drop leaves those out");

  RunMaps maps = capture(model, plan, inputs, sequences, outputs, std::move(groupings), warnings, listener);
  maps.manifest.warnings = warnings.take();
  return maps;
}

}  // namespace attnviz::run
