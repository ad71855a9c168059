#include "aggregate/reduction.h"

namespace attnviz::aggregate {

extern const ReductionEntry mean_entry;

const ReductionEntry mean_entry{{.name = "mean", .distribution = true, .over_layers = "mean"},
                                [](const ReductionOptions& options) -> std::unique_ptr<Reduction> {
                                  return std::make_unique<PerLayerReduction>(
                                      mean_entry.info, options, &HeadReduction::mean_of,
                                      [](double sum, double layer) { return sum + layer; }, true);
                                }};

}  // namespace attnviz::aggregate
