#pragma once

#include <cstdint>
#include <vector>

#include "attnviz/run.h"
#include "run/plan.h"

namespace attnviz::run {

/// Every output token of `sequence`, the side that `plan` puts out, grown by what was generated.
/// `probabilities` are those of generated tokens.
std::vector<OutputToken> all_outputs(const RunPlan& plan, const Sequence& sequence,
                                     const std::vector<double>& probabilities);

/// Throws kUsage for an output token that is asked for and not there.
void check_asked(const TokenSelection& asked, const std::vector<OutputToken>& outputs,
                 const Sequence& sequence);

/// Those of `all` that the plan asks for, ascending. Without a selection, `drop_special` leaves special
/// tokens out. Throws as check_asked does.
std::vector<OutputToken> asked_outputs(const RunPlan& plan, const Sequence& sequence,
                                       const std::vector<OutputToken>& all);

/// The same as words of `words`, whose `merged` is set: each with all its tokens among `all` when one of them
/// is in `asked`. The probability of a word is the product of its tokens'.
std::vector<OutputToken> merge_outputs(const std::vector<OutputToken>& all,
                                       const std::vector<OutputToken>& asked, const Sequence& words);

/// Query positions of the output, ascending.
std::vector<std::int64_t> queries_of(const std::vector<OutputToken>& outputs, const RunPlan& plan);

}  // namespace attnviz::run
