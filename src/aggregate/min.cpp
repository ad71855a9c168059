#include <ATen/ATen.h>

#include <algorithm>

#include "aggregate/reduction.h"

namespace attnviz::aggregate {

extern const ReductionEntry min_entry;

static std::unique_ptr<Reduction> make(const ReductionOptions& options) {
  return std::make_unique<PerLayerReduction>(
      min_entry.info, options, &HeadReduction::min_of,
      [](double least, double layer) { return std::min(least, layer); }, false,
      [](const at::Tensor& heads) { return heads.amin(0); });
}

const ReductionEntry min_entry{{.name = "min", .over_layers = "least"}, make};

}  // namespace attnviz::aggregate
