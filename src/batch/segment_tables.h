#pragma once

#include <span>
#include <vector>

#include "attnviz/aggregate.h"
#include "attnviz/report.h"

namespace attnviz {

/// Segments × output tokens, for each kind that looks at a text with named segments; its mean must be in
/// `maps`.
std::vector<SegmentTable> segment_tables(const AttentionMaps& maps, std::span<const OutputToken> outputs,
                                         const AttendedTexts& texts, bool causal);

}  // namespace attnviz
