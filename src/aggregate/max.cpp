#include <ATen/ATen.h>

#include <algorithm>

#include "aggregate/reduction.h"

namespace attnviz {

std::unique_ptr<Reduction> make_max(const ReductionOptions& options) {
  return std::make_unique<PerLayerReduction>(
      "max", options, &HeadReduction::max_of, [](double most, double layer) { return std::max(most, layer); },
      false, [](const at::Tensor& heads) { return heads.amax(0); });
}

}  // namespace attnviz
