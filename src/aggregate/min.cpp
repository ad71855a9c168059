#include <ATen/ATen.h>

#include <algorithm>

#include "aggregate/reduction.h"

namespace attnviz::aggregate {

extern const ReductionEntry min_entry;

const ReductionEntry min_entry{{.name = "min", .over_layers = "least"},
                               [](const ReductionOptions& options) -> std::unique_ptr<Reduction> {
                                 return std::make_unique<PerLayerReduction>(
                                     min_entry.info, options, &HeadReduction::min_of,
                                     [](double least, double layer) { return std::min(least, layer); }, false,
                                     [](const at::Tensor& heads) { return heads.amin(0); });
                               }};

}  // namespace attnviz::aggregate
