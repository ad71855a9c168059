#include "aggregate/head_reduction.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <mutex>

namespace attnviz {
namespace {

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

/// Sum of `count` floats in eight interleaved partial sums, which the compiler can keep in vector registers.
double sum(const float* values, std::int64_t count) {
  double parts[8] = {};
  std::int64_t k = 0;
  for (; k + 8 <= count; k += 8) {
    for (int lane = 0; lane < 8; ++lane) parts[lane] += values[k + lane];
  }
  for (; k < count; ++k) parts[0] += values[k];
  return ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
}

/// One query row of every head on the CPU.
struct RowReducer {
  std::int64_t heads, keys, head_stride;
  std::vector<double> total;  ///< [keys]

  void reduce(const float* row, std::int64_t diagonal, float* mean, float* max, float* min, RowAudit& audit) {
    std::fill(total.begin(), total.end(), 0.0);
    std::copy_n(row, keys, max);
    std::copy_n(row, keys, min);
    for (std::int64_t h = 0; h < heads; ++h) {
      const float* weights = row + h * head_stride;
      for (std::int64_t k = 0; k < keys; ++k) {
        total[static_cast<std::size_t>(k)] += weights[k];
        max[k] = max[k] < weights[k] ? weights[k] : max[k];
        min[k] = weights[k] < min[k] ? weights[k] : min[k];
      }
      check(weights, audit);
    }
    const double scale = 1.0 / static_cast<double>(heads);
    for (std::int64_t k = 0; k < keys; ++k)
      mean[k] = static_cast<float>(total[static_cast<std::size_t>(k)] * scale);
    for (std::int64_t k = diagonal; k < keys; ++k)
      audit.above_diagonal = std::max(audit.above_diagonal, max[k]);
  }

  void check(const float* weights, RowAudit& audit) const {
    const double row_sum = sum(weights, keys);
    if (std::isfinite(row_sum)) {
      audit.row_sum_error = std::max(audit.row_sum_error, std::abs(row_sum - 1.0));
    } else {
      audit.non_finite += std::count_if(weights, weights + keys, [](float w) { return !std::isfinite(w); });
    }
  }
};

RowAudit reduce_on_cpu(const at::Tensor& weights, std::int64_t first_query, bool square, HeadReduction& out) {
  const std::int64_t heads = weights.size(0), rows = weights.size(1), keys = weights.size(2);
  const float* data = weights.data_ptr<float>();
  float* mean = out.mean.data_ptr<float>();
  float* max = out.max.data_ptr<float>();
  float* min = out.min.data_ptr<float>();
  RowAudit found;
  std::mutex merging;
  const std::int64_t grain = std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, heads * keys));
  at::parallel_for(0, rows, grain, [&](std::int64_t begin, std::int64_t end) {
    RowReducer reducer{heads, keys, weights.stride(0), std::vector<double>(static_cast<std::size_t>(keys))};
    RowAudit mine;
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t diagonal = square ? std::min(keys, first_query + r + 1) : keys;
      reducer.reduce(data + r * weights.stride(1), diagonal, mean + r * keys, max + r * keys, min + r * keys,
                     mine);
    }
    const std::scoped_lock lock(merging);
    found.merge(mine);
  });
  return found;
}

RowAudit reduce_on_device(const at::Tensor& weights, std::int64_t first_query, bool square,
                          HeadReduction& out) {
  out.mean.copy_(weights.mean(0, false, at::kDouble));
  out.max.copy_(weights.amax(0));
  out.min.copy_(weights.amin(0));
  RowAudit found;
  const at::Tensor error = (weights.sum(-1, false, at::kDouble) - 1.0).abs();
  found.row_sum_error = error.nan_to_num(0.0, 0.0).max().item<double>();
  found.non_finite = weights.isfinite().logical_not().sum().item<std::int64_t>();
  if (square) found.above_diagonal = out.max.triu(first_query + 1).amax().item<float>();
  return found;
}

}  // namespace

HeadReduction reduce_heads(const AttentionBlock& block) {
  const c10::NoGradGuard no_grad;
  at::Tensor weights = block.weights.to(at::kFloat);
  if (weights.stride(2) != 1) weights = weights.contiguous();
  HeadReduction out;
  out.mean = at::empty({weights.size(1), weights.size(2)}, weights.options());
  out.max = at::empty_like(out.mean);
  out.min = at::empty_like(out.mean);
  const bool square = block.queries == weights.size(2) && block.kind != AttentionKind::kCross;
  const RowAudit found = weights.is_cpu() ? reduce_on_cpu(weights, block.first_query, square, out)
                                          : reduce_on_device(weights, block.first_query, square, out);
  out.audit = {.kind = block.kind,
               .layer = block.layer,
               .heads = static_cast<int>(weights.size(0)),
               .row_sum_error = found.row_sum_error,
               .non_finite = found.non_finite,
               .square = square,
               .above_diagonal = found.above_diagonal};
  return out;
}

}  // namespace attnviz
