#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <iterator>

#include "attnviz/aggregate.h"

namespace attnviz::aggregate {
namespace {

/// The kinds whose queries and keys are both of `side`.
std::vector<AttentionKind> kinds_within(Side side) {
  std::vector<AttentionKind> kinds;
  std::copy_if(
      kAttentionKinds.begin(), kAttentionKinds.end(), std::back_inserter(kinds),
      [side](AttentionKind kind) { return axes_of(kind).within_one() && axes_of(kind).queries == side; });
  return kinds;
}

}  // namespace

struct SegmentFlows::Impl {
  /// Sums of one layer, over heads and rows.
  struct Layer {
    AttentionKind kind;
    int layer;
    at::Tensor masses;  ///< [from, to] float64.
  };
  std::vector<std::string> names;
  std::vector<std::int64_t> parts;
  Needs needs;
  std::vector<Layer> layers;

  at::Tensor& masses_of(const AttentionBlock& block) {
    if (layers.empty() || layers.back().kind != block.kind || layers.back().layer != block.layer) {
      const auto count = static_cast<std::int64_t>(names.size());
      layers.push_back({block.kind, block.layer, at::zeros({count, count}, at::kDouble)});
    }
    return layers.back().masses;
  }

  Matrix mean_of(const Layer& layer) const {
    const auto count = static_cast<std::int64_t>(names.size());
    Matrix out{count, count, {}};
    for (std::int64_t from = 0; from < count; ++from) {
      const auto rows =
          static_cast<double>(std::max<std::ptrdiff_t>(1, std::count(parts.begin(), parts.end(), from)));
      for (std::int64_t to = 0; to < count; ++to)
        out.values.push_back(static_cast<float>(layer.masses[from][to].item<double>() / rows));
    }
    return out;
  }
};

SegmentFlows::SegmentFlows(std::vector<std::string> names, std::vector<std::int64_t> parts,
                           std::vector<int> layers)
    : impl_(std::make_unique<Impl>(Impl{std::move(names),
                                        std::move(parts),
                                        {.kinds = kinds_within(Side::kSource), .layers = std::move(layers)},
                                        {}})) {}
SegmentFlows::~SegmentFlows() = default;

Needs SegmentFlows::needs() const { return impl_->needs; }

void SegmentFlows::on_block(const AttentionBlock& block) {
  const auto tokens = static_cast<std::int64_t>(impl_->parts.size());
  if (!impl_->needs.kind(block.kind) || !impl_->needs.layer(block.layer)) return;
  if (block.queries != tokens || block.weights.size(2) + block.hidden_keys != tokens) return;
  const c10::NoGradGuard no_grad;
  const auto parts = at::tensor(at::ArrayRef<std::int64_t>(impl_->parts), at::kLong);
  const auto count = static_cast<std::int64_t>(impl_->names.size());
  const at::Tensor mean = block.weights.to(at::kFloat).mean(0, false, at::kDouble).to(at::kCPU);
  const at::Tensor to =
      at::zeros({mean.size(0), count}, at::kDouble).index_add_(1, parts.narrow(0, 0, mean.size(1)), mean);
  impl_->masses_of(block).index_add_(0, parts.narrow(0, block.first_query, mean.size(0)), to);
}

std::vector<SegmentFlow> SegmentFlows::finish() {
  std::vector<SegmentFlow> flows;
  for (const Impl::Layer& layer : impl_->layers) {
    auto flow =
        std::find_if(flows.begin(), flows.end(), [&](const SegmentFlow& f) { return f.kind == layer.kind; });
    if (flow == flows.end()) {
      flow = flows.insert(flows.end(), SegmentFlow{});
      flow->kind = layer.kind;
      flow->names = impl_->names;
    }
    flow->layers.push_back(layer.layer);
    flow->masses.push_back(impl_->mean_of(layer));
  }
  return flows;
}

}  // namespace attnviz::aggregate
