/// The reductions as their names and captions stand in the table of aggregate.h, for rooms that are tested
/// without it; tests/aggregate holds the two against each other.
#pragma once

#include "attnviz/core.h"

namespace attnviz::test {

inline constexpr ReductionInfo kMean{.name = "mean", .distribution = true, .over_layers = "mean"};
inline constexpr ReductionInfo kMax{.name = "max", .over_layers = "largest"};
inline constexpr ReductionInfo kMin{.name = "min", .over_layers = "least"};
inline constexpr ReductionInfo kRollout{.name = "rollout", .distribution = true, .through_layers = true};

inline constexpr std::array<const ReductionInfo*, 4> kReductions = {&kMean, &kMax, &kMin, &kRollout};

/// The one of that name.
inline const ReductionInfo* reduction(std::string_view name) {
  for (const ReductionInfo* info : kReductions) {
    if (info->name == name) return info;
  }
  throw Error(ErrorKind::kUsage, "no reduction '" + std::string(name) + "'");
}

}  // namespace attnviz::test
