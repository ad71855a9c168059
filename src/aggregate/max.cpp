#include <ATen/ATen.h>

#include <algorithm>

#include "aggregate/reduction.h"

namespace attnviz::aggregate {

extern const ReductionEntry max_entry;

const ReductionEntry max_entry{{.name = "max", .over_layers = "largest"},
                               [](const ReductionOptions& options) -> std::unique_ptr<Reduction> {
                                 return std::make_unique<PerLayerReduction>(
                                     max_entry.info, options, &HeadReduction::max_of,
                                     [](double most, double layer) { return std::max(most, layer); }, false,
                                     [](const at::Tensor& heads) { return heads.amax(0); });
                               }};

}  // namespace attnviz::aggregate
