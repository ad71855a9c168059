#pragma once

#include <string>

#include "diff/comparison.h"

namespace attnviz::diff {

/// Layers × sources of B − A with the overall row last, of one reduction of one pair of maps.
Heatmap difference_map(const ViewPair& pair, const ReducedAttention& a, const ReducedAttention& b,
                       const Columns& columns);

/// Outputs × sources of B − A without rows yet.
Heatmap empty_overview(const Columns& columns, AttentionKind kind, const ReductionInfo& reduction);

/// Adds the overall rows of one pair of maps to an overview. What neither side can see is masked.
void append_row(Heatmap& overview, const ViewPair& pair, const ReducedAttention& a, const ReducedAttention& b,
                const TokenDiff& token);

}  // namespace attnviz::diff
