#include "run/plan.h"

#include <algorithm>

#include "run/checks.h"
#include "run/output_tokens.h"

namespace attnviz::run {
namespace {

std::vector<AttentionKind> kinds_of(const ExportOptions& options, bool two_stacks) {
  if (!options.kinds.empty()) return options.kinds;
  if (two_stacks) return {AttentionKind::kCross, AttentionKind::kDecoder};
  return {AttentionKind::kSelf};
}

/// What a model of two stacks puts out are its decoder's tokens, unless only the source's attention is shown.
Side asking_side(const std::vector<AttentionKind>& kinds) {
  const bool of_target = std::any_of(
      kinds.begin(), kinds.end(), [](AttentionKind kind) { return axes_of(kind).queries == Side::kTarget; });
  return of_target ? Side::kTarget : Side::kSource;
}

/// Throws kUsage where attention of `kinds` has a target, and the model none: a kind that it cannot have, and
/// that nothing refused before where its dry run failed.
void check_target(const std::vector<AttentionKind>& kinds, bool has_target, const ModelInfo& info) {
  for (const AttentionKind kind : kinds) {
    const Axes axes = axes_of(kind);
    if (has_target || (axes.queries == Side::kSource && axes.keys == Side::kSource)) continue;
    throw Error(ErrorKind::kUsage, std::string(to_string(kind)) +
                                       " attention was asked for, which is of encoder–decoders; '" +
                                       info.file + "' takes no target");
  }
}

void plan_outputs(const Sequence& putting_out, const std::optional<std::int64_t>& positions, RunPlan& plan) {
  const auto given = static_cast<std::int64_t>(putting_out.units.size());
  plan.shifted = plan.generate.has_value() || plan.asking == Side::kTarget;
  plan.first_output = plan.generate ? given : plan.shifted ? 1 : 0;
  plan.end_output = given;
  if (plan.generate) {
    plan.end_output = given + *plan.generate;
    if (positions) plan.end_output = std::max(given, std::min(plan.end_output, *positions));
    return;  // the model may end earlier; what is asked for is checked when it has
  }
  check_asked(plan.tokens, all_outputs(plan, putting_out, {}), putting_out);
  if (plan.first_output >= plan.end_output) {
    plan.warnings.emplace_back(
        "the target has no token after the one that starts the decoder: there is nothing to map");
  }
}

template <typename T, typename Name>
std::string listed(const std::vector<T>& all, const Name& name) {
  std::string list;
  for (const T& one : all) list += (list.empty() ? "" : ", ") + std::string(name(one));
  return list;
}

std::string numbered(const char* what, const std::vector<int>& numbers) {
  if (numbers.empty()) return {};
  return std::string(", ") + what + " " + listed(numbers, [](int number) { return std::to_string(number); });
}

}  // namespace

RunPlan plan_run(const InputRecord& record, const EncodedRecord& input, const ExportOptions& options,
                 const ModelInfo& info) {
  const bool two_stacks = info.task == Task::kSeq2Seq;
  const Sequence& source = input.source.sequence;
  RunPlan plan{
      .generate = record.generate,
      .tokens = record.tokens,
      .kinds = kinds_of(options, two_stacks),
      .reductions = options.reductions.empty() ? default_reductions() : options.reductions,
      .layers = options.layers,
      .heads = options.heads,
      .rollout_residual = options.rollout_residual,
      .per_head = options.per_head,
      .words = options.words,
      .drop_special = options.drop_special,
      .find_sinks = options.drop_sinks,
      .needs_mean = options.words || options.drop_special || options.drop_sinks || !source.segments.empty(),
      .segment_flow = record.pair.has_value()};
  check_target(plan.kinds, input.target.has_value(), info);
  plan.asking = asking_side(plan.kinds);
  if (input.source.truncated > 0) {
    plan.warnings.push_back("the tokenizer cut " + std::to_string(input.source.truncated) +
                            " tokens off the end of the text");
  }
  check_length(source, "the input", record.generate && !two_stacks, info.max_positions);
  if (input.target)
    check_length(*input.target, "the target", record.generate.has_value(), info.max_positions);
  if (options.words && !record.text && record.segments.empty())
    throw Error(ErrorKind::kUsage, "--words needs a text to find words in; ids alone have none");
  plan_outputs(plan.asking == Side::kTarget ? *input.target : source, info.max_positions, plan);
  return plan;
}

std::string describe(const RunPlan& plan) {
  const std::string side = plan.asking == Side::kTarget ? "target" : "source";
  std::string line;
  if (plan.generate) {
    line = "generate up to " + std::to_string(*plan.generate) + " tokens after " +
           std::to_string(plan.first_output) + " of the " + side + "; ";
  }
  if (plan.find_sinks) line += "find sinks in a pass of their own; ";
  line += "capture " + listed(plan.kinds, [](AttentionKind kind) { return to_string(kind); }) + " attention" +
          numbered("layers", plan.layers) + numbered("heads", plan.heads) + "; reduce by " +
          listed(plan.reductions, [](const ReductionInfo* info) { return info->name; }) + "; ";
  if (plan.first_output >= plan.end_output) return line + "nothing is put out";
  line += std::string("maps of ") + (plan.tokens.empty() ? "all" : "some") + " of positions " +
          std::to_string(plan.first_output) + " to " + std::to_string(plan.end_output - 1) + " of the " +
          side;
  if (plan.shifted) line += ", each of the query before it";
  return plan.words ? line + ", as words" : line;
}

}  // namespace attnviz::run
