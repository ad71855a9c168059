#include <ATen/ATen.h>

#include <algorithm>

#include "aggregate/reduction.h"

namespace attnviz::aggregate {

extern const ReductionEntry max_entry;

static std::unique_ptr<Reduction> make(const ReductionOptions& options) {
  return std::make_unique<PerLayerReduction>(
      max_entry.info, options, &HeadReduction::max_of,
      [](double most, double layer) { return std::max(most, layer); }, false,
      [](const at::Tensor& heads) { return heads.amax(0); });
}

const ReductionEntry max_entry{{.name = "max", .over_layers = "largest"}, make};

}  // namespace attnviz::aggregate
