#include "aggregate/head_reduction.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>

namespace attnviz::aggregate {
namespace {

constexpr std::int64_t kChunk =
    512;  ///< Keys of a row that are summed over heads at once: 24 KB of 12 heads.
constexpr std::int64_t kPiece = 128;  ///< Keys of a row that are summed in float32.
constexpr std::int64_t kLanes = 16;   ///< Partial results that the compiler keeps in vector registers.

/// What one thread found in its rows.
struct RowAudit {
  double row_sum_error = 0;
  std::int64_t non_finite = 0;
  float above_diagonal = 0;

  void merge(const RowAudit& other) {
    row_sum_error = std::max(row_sum_error, other.row_sum_error);
    non_finite += other.non_finite;
    above_diagonal = std::max(above_diagonal, other.above_diagonal);
  }
};

double sum(const float* values, std::int64_t count) {
  double total = 0;
  for (std::int64_t begin = 0; begin < count; begin += kPiece) {
    const std::int64_t end = std::min(begin + kPiece, count);
    std::array<float, kLanes> lanes{};
    std::int64_t k = begin;
    for (; k + kLanes <= end; k += kLanes) {
      for (std::int64_t lane = 0; lane < kLanes; ++lane)
        lanes[static_cast<std::size_t>(lane)] += values[k + lane];
    }
    for (std::size_t lane = 0; k < end; ++k, ++lane) lanes[lane] += values[k];
    for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
      for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
    }
    total += lanes[0];
  }
  return total;
}

float largest(const float* values, std::int64_t count) {
  std::array<float, kLanes> lanes{};
  std::int64_t k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      float& most = lanes[static_cast<std::size_t>(lane)];
      most = most < values[k + lane] ? values[k + lane] : most;
    }
  }
  for (; k < count; ++k) lanes[0] = std::max(lanes[0], values[k]);
  return *std::max_element(lanes.begin(), lanes.end());
}

/// values[0] + values[stride] + … of `Heads` heads, by pairs.
template <int Heads>
float pairwise(const float* values, std::int64_t stride) {
  if constexpr (Heads == 1) {
    return *values;
  } else {
    return pairwise<Heads / 2>(values, stride) + pairwise<Heads / 2>(values + Heads / 2 * stride, stride);
  }
}

template <int Heads>
void add_heads(const float* values, std::int64_t stride, std::int64_t keys, float* __restrict total) {
  for (std::int64_t k = 0; k < keys; ++k) total[k] += pairwise<Heads>(values + k, stride);
}

/// One query row of every head.
struct RowReducer {
  std::int64_t heads, keys, head_stride;
  std::vector<double> sums;  ///< [heads]

  /// Writes the mean over heads and returns its sum.
  double reduce(const float* row, std::int64_t diagonal, float* mean, RowAudit& audit) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::int64_t begin = 0; begin < keys; begin += kChunk) {
      const std::int64_t count = std::min(kChunk, keys - begin);
      add_chunk(row + begin, count, mean + begin);
      const std::int64_t seen = std::clamp<std::int64_t>(diagonal - begin, 0, count);
      for (std::int64_t h = 0; h < heads; ++h) {
        const float* weights = row + h * head_stride + begin;
        sums[static_cast<std::size_t>(h)] += sum(weights, count);
        audit.above_diagonal = std::max(audit.above_diagonal, largest(weights + seen, count - seen));
      }
    }
    double total = 0;
    for (std::int64_t h = 0; h < heads; ++h) {
      check(row + h * head_stride, sums[static_cast<std::size_t>(h)], audit);
      total += sums[static_cast<std::size_t>(h)];
    }
    return total / static_cast<double>(heads);
  }

  void add_chunk(const float* row, std::int64_t count, float* mean) const {
    std::fill_n(mean, count, 0.0F);
    std::int64_t h = 0;
    for (; h + 8 <= heads; h += 8) add_heads<8>(row + h * head_stride, head_stride, count, mean);
    for (; h + 4 <= heads; h += 4) add_heads<4>(row + h * head_stride, head_stride, count, mean);
    for (; h < heads; ++h) add_heads<1>(row + h * head_stride, head_stride, count, mean);
    const auto divisor = static_cast<float>(heads);
    for (std::int64_t k = 0; k < count; ++k) mean[k] /= divisor;
  }

  void check(const float* weights, double row_sum, RowAudit& audit) const {
    if (std::isfinite(row_sum)) {
      audit.row_sum_error = std::max(audit.row_sum_error, std::abs(row_sum - 1.0));
    } else {
      audit.non_finite += std::count_if(weights, weights + keys, [](float w) { return !std::isfinite(w); });
    }
  }
};

}  // namespace

RowReduction reduce_on_cpu(const at::Tensor& weights, std::optional<std::int64_t> diagonal) {
  const std::int64_t heads = weights.size(0), rows = weights.size(1), keys = weights.size(2);
  RowReduction out;
  out.mean = at::empty({rows, keys}, weights.options());
  out.row_sums = at::empty({rows}, weights.options().dtype(at::kDouble));
  const float* data = weights.data_ptr<float>();
  float* mean = out.mean.data_ptr<float>();
  double* row_sums = out.row_sums.data_ptr<double>();
  RowAudit found;
  std::mutex merging;
  const std::int64_t grain = std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, heads * keys));
  at::parallel_for(0, rows, grain, [&](std::int64_t begin, std::int64_t end) {
    RowReducer reducer{heads, keys, weights.stride(0), std::vector<double>(static_cast<std::size_t>(heads))};
    RowAudit mine;
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t seen = diagonal ? *diagonal + r + 1 : keys;
      row_sums[r] = reducer.reduce(data + r * weights.stride(1), seen, mean + r * keys, mine);
    }
    const std::scoped_lock lock(merging);
    found.merge(mine);
  });
  out.row_sum_error = found.row_sum_error;
  out.non_finite = found.non_finite;
  out.above_diagonal = found.above_diagonal;
  return out;
}

RowReduction reduce_on_device(const at::Tensor& weights, std::optional<std::int64_t> diagonal) {
  RowReduction out;
  out.mean = weights.mean(0, false, at::kDouble).to(at::kFloat);
  const at::Tensor sums = weights.sum(-1, false, at::kDouble);
  out.row_sums = sums.mean(0);
  out.row_sum_error = (sums - 1.0).abs().nan_to_num(0.0, 0.0).max().item<double>();
  out.non_finite = weights.isfinite().logical_not().sum().item<std::int64_t>();
  if (diagonal) out.above_diagonal = std::max(0.0F, weights.amax(0).triu(*diagonal + 1).amax().item<float>());
  return out;
}

HeadReduction::HeadReduction(const AttentionBlock& block)
    : weights_(block.weights.to(at::kFloat)), hidden_keys_(block.hidden_keys) {
  const c10::NoGradGuard no_grad;
  if (weights_.stride(2) != 1) weights_ = weights_.contiguous();
  const std::int64_t keys = weights_.size(2) + hidden_keys_;
  const bool square = block.queries == keys && axes_of(block.kind).within_one();
  const auto diagonal = square ? std::optional(block.first_query) : std::nullopt;
  RowReduction found =
      weights_.is_cpu() ? reduce_on_cpu(weights_, diagonal) : reduce_on_device(weights_, diagonal);
  mean = std::move(found.mean);
  row_sums = std::move(found.row_sums);
  audit = {.kind = block.kind,
           .layer = block.layer,
           .heads = static_cast<int>(weights_.size(0)),
           .row_sum_error = found.row_sum_error,
           .non_finite = found.non_finite,
           .square = square,
           .above_diagonal = found.above_diagonal};
}

at::Tensor HeadReduction::with_all_keys(const at::Tensor& map) const {
  return hidden_keys_ == 0 ? map : at::constant_pad_nd(map, {0, hidden_keys_});
}

at::Tensor HeadReduction::mean_of(const std::vector<std::int64_t>& rows) const {
  return with_all_keys(take_rows(mean, 0, rows));
}

at::Tensor HeadReduction::max_of(const std::vector<std::int64_t>& rows) const {
  return with_all_keys(take_rows(weights_, 1, rows).amax(0));
}

at::Tensor HeadReduction::min_of(const std::vector<std::int64_t>& rows) const {
  return with_all_keys(take_rows(weights_, 1, rows).amin(0));
}

at::Tensor HeadReduction::heads_of(const std::vector<std::int64_t>& rows) const {
  return with_all_keys(take_rows(weights_, 1, rows));
}

at::Tensor take_rows(const at::Tensor& tensor, std::int64_t axis, const std::vector<std::int64_t>& rows) {
  if (static_cast<std::int64_t>(rows.size()) == tensor.size(axis)) return tensor;
  const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(rows), at::kLong);
  return tensor.index_select(axis, index.to(tensor.device()));
}

}  // namespace attnviz::aggregate
