#include "aggregate/reduction.h"

namespace attnviz {

std::unique_ptr<Reduction> make_mean(const ReductionOptions& options) {
  return std::make_unique<PerLayerReduction>(
      "mean", options, &HeadReduction::mean_of, [](double sum, double layer) { return sum + layer; }, true);
}

}  // namespace attnviz
