#include <ATen/ATen.h>

#include <algorithm>

#include "aggregate/reduction.h"

namespace attnviz {

std::unique_ptr<Reduction> make_min(const ReductionOptions& options) {
  return std::make_unique<PerLayerReduction>(
      "min", options, &HeadReduction::min_of,
      [](double least, double layer) { return std::min(least, layer); }, false,
      [](const at::Tensor& heads) { return heads.amin(0); });
}

}  // namespace attnviz
