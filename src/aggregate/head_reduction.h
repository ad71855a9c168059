#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "attnviz/core.h"

namespace attnviz::aggregate {

/// What one pass over the weights, which are by far the largest thing in memory, tells of a block.
struct RowReduction {
  at::Tensor mean;      ///< Over heads: [rows, keys] float32, on the weights' device.
  at::Tensor row_sums;  ///< Of `mean`: [rows] float64, likewise.
  double row_sum_error = 0;
  std::int64_t non_finite = 0;
  double above_diagonal = 0;
};

/// Reduces `weights` [heads, rows, keys], float32, keys adjacent in memory. `diagonal`: the key of row 0's
/// own position, where there is such a thing; `above_diagonal` stays 0 without it.
///
/// On the CPU, heads are summed in float32 by pairs within groups of eight, so that a mean is off by at most
/// (4 + ⌈heads / 8⌉)·2⁻²⁴ of itself, 4e-7 for 12 heads; row sums by sixteen lanes of eight keys, then in
/// float64: off by at most 12·2⁻²⁴ = 7e-7. Nothing depends on the number of threads.
RowReduction reduce_on_cpu(const at::Tensor& weights, std::optional<std::int64_t> diagonal);
/// The same by ATen's operators, in float64, wherever the weights are.
RowReduction reduce_on_device(const at::Tensor& weights, std::optional<std::int64_t> diagonal);

/// A block reduced over its heads, and what the audit wants to know of it. Valid as long as the block is: the
/// extremes are found when they are asked for, of the rows that are asked for.
class HeadReduction {
 public:
  explicit HeadReduction(const AttentionBlock& block);

  LayerAudit audit;
  at::Tensor mean;      ///< [rows, keys of `weights`] float32, on the block's device.
  at::Tensor row_sums;  ///< Of `mean`: [rows] float64.

  /// Rows of the block (ascending indices into it) as [rows.size(), all keys of the layer] float32.
  at::Tensor mean_of(const std::vector<std::int64_t>& rows) const;
  at::Tensor max_of(const std::vector<std::int64_t>& rows) const;
  at::Tensor min_of(const std::vector<std::int64_t>& rows) const;
  /// The same rows of every head, [heads, rows.size(), all keys of the layer] float32.
  at::Tensor heads_of(const std::vector<std::int64_t>& rows) const;

 private:
  at::Tensor with_all_keys(const at::Tensor& map) const;

  at::Tensor weights_;
  std::int64_t hidden_keys_;
};

/// `rows` (ascending indices) of `tensor` along `axis`; the tensor itself if that is all of them.
at::Tensor take_rows(const at::Tensor& tensor, std::int64_t axis, const std::vector<std::int64_t>& rows);

}  // namespace attnviz::aggregate
