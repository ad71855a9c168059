#pragma once

#include <vector>

#include "attnviz/aggregate.h"
#include "run/plan.h"

namespace attnviz::run {

/// The sequences of a run, token by token and as they are shown.
struct RunSequences {
  Sequences tokens;
  Sequences shown;  ///< The same, or merged into words.
};

/// How the tokens of each shown kind become the rows and columns of its maps; empty where all stay as they
/// are. `finder` has seen the run where the plan finds sinks. What is dropped is told to `listener`.
std::vector<Grouping> plan_groupings(const RunPlan& plan, const RunSequences& sequences,
                                     const std::vector<OutputToken>& outputs, const SinkFinder& finder,
                                     Listener& listener);

/// Removes from `outputs` those that see nothing but what was dropped, and which therefore have no map, and
/// fits `groupings` to those that are left. Returns the removed ones' positions.
std::vector<std::int64_t> leave_out_blind(const RunPlan& plan, const RunSequences& sequences, bool causal,
                                          std::vector<OutputToken>& outputs,
                                          std::vector<Grouping>& groupings);

}  // namespace attnviz::run
