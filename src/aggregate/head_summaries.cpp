#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "attnviz/aggregate.h"

namespace attnviz::aggregate {
namespace {

/// Sums over the rows seen so far of one layer, all [heads] float64 on the host.
struct LayerSums {
  AttentionKind kind = AttentionKind::kSelf;
  int layer = 0;
  std::int64_t queries = 0;
  std::int64_t keys = 0;
  std::int64_t rows = 0;
  std::int64_t induction_rows = 0;  ///< Rows that have something to be induced from.
  std::int64_t duplicate_rows = 0;
  at::Tensor entropy, sink, previous, self, induction, duplicate;
  at::Tensor thumbnail;  ///< [heads, ≤ side, ≤ side] float32.
};

at::Tensor to_host(const at::Tensor& sums) { return sums.to(at::kCPU, at::kDouble); }

/// Σ over rows and keys of `weights` [heads, rows, keys] where `mask` [rows, ≥ keys], as [heads].
at::Tensor masked_sum(const at::Tensor& weights, const at::Tensor& mask) {
  return to_host(
      weights.mul(mask.narrow(1, 0, weights.size(2))).sum(at::IntArrayRef({1, 2}), false, at::kDouble));
}

std::int64_t rows_with_any(const at::Tensor& mask) { return mask.any(1).sum().item<std::int64_t>(); }

}  // namespace

struct HeadSummaries::Impl {
  Options options;
  Needs needs{.kinds = options.kinds, .layers = options.layers};
  std::vector<LayerSums> layers;

  const std::vector<std::int64_t>& ids_of(AttentionKind kind) const {
    return axes_of(kind).keys == Side::kTarget ? options.target : options.source;
  }

  LayerSums& layer_of(const AttentionBlock& block) {
    if (!layers.empty() && layers.back().kind == block.kind && layers.back().layer == block.layer)
      return layers.back();
    LayerSums sums{.kind = block.kind, .layer = block.layer, .queries = block.queries};
    sums.keys = block.weights.size(2) + block.hidden_keys;
    const std::int64_t count = block.weights.size(0);
    for (at::Tensor* total :
         {&sums.entropy, &sums.sink, &sums.previous, &sums.self, &sums.induction, &sums.duplicate}) {
      *total = at::zeros({count}, at::kDouble);
    }
    sums.thumbnail = at::zeros(
        {count, std::min(options.side, block.queries), std::min(options.side, sums.keys)}, at::kFloat);
    return layers.emplace_back(std::move(sums));
  }

  /// Weights on the query's own position and around it, and on tokens equal to it.
  void add_positions(LayerSums& sums, const at::Tensor& weights, std::int64_t first,
                     std::int64_t keys) const {
    sums.self += to_host(weights.diagonal(first, 1, 2).sum(-1, false, at::kDouble));
    if (first + weights.size(1) > 1) {
      sums.previous += to_host(weights.diagonal(first - 1, 1, 2).sum(-1, false, at::kDouble));
    }
    const std::vector<std::int64_t>& ids = ids_of(sums.kind);
    if (static_cast<std::int64_t>(ids.size()) != keys) return;
    const at::Tensor all = at::tensor(at::ArrayRef<std::int64_t>(ids), at::kLong).to(weights.device());
    const at::Tensor own = all.narrow(0, first, weights.size(1)).unsqueeze(1);
    const at::Tensor equal = own.eq(all.unsqueeze(0)).tril(first - 1);  // [rows, keys], keys before the query
    const at::Tensor after = at::zeros_like(equal);
    if (equal.size(1) > 1) after.narrow(1, 1, equal.size(1) - 1).copy_(equal.narrow(1, 0, equal.size(1) - 1));
    sums.duplicate += masked_sum(weights, equal);
    sums.duplicate_rows += rows_with_any(equal);
    sums.induction += masked_sum(weights, after);
    sums.induction_rows += rows_with_any(after);
  }

  /// Largest weight of every cell of the thumbnail; cells overlap by a row or column where sides do not
  /// divide.
  static void add_thumbnail(LayerSums& sums, const AttentionBlock& block, const at::Tensor& weights) {
    const std::int64_t rows = sums.thumbnail.size(1), columns = sums.thumbnail.size(2),
                       queries = block.queries;
    const at::Tensor narrow =
        std::get<0>(at::adaptive_max_pool2d(weights, {weights.size(1), columns})).to(at::kCPU);
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t begin = std::max(row * queries / rows, block.first_query) - block.first_query;
      const std::int64_t end =
          std::min(((row + 1) * queries + rows - 1) / rows - block.first_query, weights.size(1));
      if (begin >= end) continue;
      at::Tensor cell = sums.thumbnail.select(1, row);
      cell.copy_(at::maximum(cell, narrow.narrow(1, begin, end - begin).amax(1)));
    }
  }

  HeadSummary summary(const LayerSums& sums, std::int64_t head) const {
    const auto mean = [&](const at::Tensor& total, std::int64_t rows) {
      return total[head].item<double>() / static_cast<double>(std::max<std::int64_t>(1, rows));
    };
    HeadSummary out;
    out.kind = sums.kind;
    out.layer = sums.layer;
    out.head = options.heads.empty() ? static_cast<int>(head) : options.heads[static_cast<std::size_t>(head)];
    out.entropy = std::max(0.0, mean(sums.entropy, sums.rows));
    out.sink = mean(sums.sink, sums.rows);
    out.previous = mean(sums.previous, sums.rows);
    out.self = mean(sums.self, sums.rows);
    if (sums.induction_rows > 0) out.induction = mean(sums.induction, sums.induction_rows);
    if (sums.duplicate_rows > 0) out.duplicate = mean(sums.duplicate, sums.duplicate_rows);
    out.queries = sums.queries;
    out.keys = sums.keys;
    const at::Tensor picture = sums.thumbnail[head].contiguous();
    const float* pixels = picture.data_ptr<float>();
    out.thumbnail = {picture.size(0), picture.size(1), std::vector<float>(pixels, pixels + picture.numel())};
    return out;
  }
};

HeadSummaries::HeadSummaries(const Options& options)
    : impl_(std::make_unique<Impl>(Impl{.options = options})) {}
HeadSummaries::~HeadSummaries() = default;

Needs HeadSummaries::needs() const { return impl_->needs; }

void HeadSummaries::on_block(const AttentionBlock& block) {
  if (!impl_->needs.kind(block.kind) || !impl_->needs.layer(block.layer)) return;
  const c10::NoGradGuard no_grad;
  const at::Tensor weights = block.weights.to(at::kFloat);
  LayerSums& sums = impl_->layer_of(block);
  sums.rows += weights.size(1);
  sums.entropy -=
      to_host(at::xlogy(weights, weights).sum(at::IntArrayRef({1, 2}), false, at::kDouble)) / std::log(2.0);
  sums.sink += to_host(weights.select(2, 0).sum(-1, false, at::kDouble));
  const std::int64_t keys = weights.size(2) + block.hidden_keys;
  const bool own_text = axes_of(block.kind).within_one();
  if (own_text && block.queries == keys) impl_->add_positions(sums, weights, block.first_query, keys);
  Impl::add_thumbnail(sums, block, at::constant_pad_nd(weights, {0, block.hidden_keys}));
}

std::vector<HeadSummary> HeadSummaries::finish() {
  std::vector<HeadSummary> all;
  for (const LayerSums& sums : impl_->layers) {
    for (std::int64_t head = 0; head < sums.entropy.size(0); ++head)
      all.push_back(impl_->summary(sums, head));
  }
  return all;
}

}  // namespace attnviz::aggregate
