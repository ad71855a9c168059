#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attnviz/run.h"
#include "run/encode_record.h"

namespace attnviz::run {

/// What a run will do, decided before anything runs. Everything after it only executes.
struct RunPlan {
  Side asking = Side::kSource;           ///< Whose units are put out; queries of that side have maps.
  std::optional<std::int64_t> generate;  ///< At most so many tokens are written first, on that side.
  std::int64_t first_output = 0;         ///< The first unit that is put out, and `end_output` − 1 the last;
  std::int64_t end_output = 0;           ///< with `generate` as far as it may get.
  bool shifted = false;                  ///< Unit i is produced by query i − 1, not i.
  TokenSelection tokens;                 ///< Of the units put out; empty: all.
  std::vector<AttentionKind> kinds;      ///< That are shown.
  std::vector<const ReductionInfo*> reductions;  ///< That are shown, in that order.
  std::vector<int> layers, heads;                ///< Empty: all.
  double rollout_residual = 0.5;
  bool per_head = false;
  bool words = false;
  bool drop_special = false;
  bool find_sinks = false;            ///< A pass of its own, whose sinks are dropped.
  bool needs_mean = false;            ///< Masses are made from it, shown or not.
  bool segment_flow = false;          ///< Between the two sentences of a pair.
  std::vector<std::string> warnings;  ///< What the user should know before.
};

/// Decides. No model runs: `info` is what is known of it, and has what check_selection() asks for. Throws
/// kUsage for output tokens that there cannot be and for attention with a target where `input` has none,
/// kInput for an input that the model does not take.
RunPlan plan_run(const InputRecord& record, const EncodedRecord& input, const ExportOptions& options,
                 const ModelInfo& info);

/// One line: "generate up to 24 tokens after 62 of the source; capture self attention; reduce by mean, max,
/// rollout; maps of all of positions 62 to 85 of the source, each of the query before it".
std::string describe(const RunPlan& plan);

}  // namespace attnviz::run
