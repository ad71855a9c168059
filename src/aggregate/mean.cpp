#include "aggregate/reduction.h"

namespace attnviz::aggregate {

extern const ReductionEntry mean_entry;

static std::unique_ptr<Reduction> make(const ReductionOptions& options) {
  return std::make_unique<PerLayerReduction>(
      mean_entry.info, options, &HeadReduction::mean_of, [](double sum, double layer) { return sum + layer; },
      true);
}

const ReductionEntry mean_entry{{.name = "mean", .distribution = true, .over_layers = "mean"}, make};

}  // namespace attnviz::aggregate
