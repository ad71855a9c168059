#pragma once

#include <vector>

#include "attnviz/report.h"

namespace attnviz::report {

/// What the overview shows beside the heads: outputs × sources of each kind under each reduction that is
/// shown. Keys that a causal query does not see are masked. Rows of kinds whose queries are not of the side
/// that puts out are all units of theirs.
std::vector<Heatmap> summary_heatmaps(const RunMaps& run);

}  // namespace attnviz::report
