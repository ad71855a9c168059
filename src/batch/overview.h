#pragma once

#include <span>
#include <string>
#include <vector>

#include "attnviz/aggregate.h"
#include "attnviz/render.h"

namespace attnviz {

/// What the overview shows beside the heads: outputs × sources of each kind under each of `reductions`. Keys
/// that a causal query does not see are masked.
std::vector<Heatmap> summary_heatmaps(const AttentionMaps& maps, std::span<const std::string> reductions,
                                      std::span<const OutputToken> outputs, const AttendedTexts& texts,
                                      bool causal);

}  // namespace attnviz
