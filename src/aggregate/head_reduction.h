#pragma once

#include <ATen/core/Tensor.h>

#include "attnviz/core.h"

namespace attnviz {

/// A block reduced over its heads, and what the audit wants to know of it: everything that every sink needs,
/// computed in one pass over the weights, which are by far the largest thing in memory.
struct HeadReduction {
  at::Tensor mean;  ///< [rows, keys] float32, on the block's device.
  at::Tensor max;   ///< Likewise.
  at::Tensor min;   ///< Likewise.
  LayerAudit audit;
};

HeadReduction reduce_heads(const AttentionBlock& block);

}  // namespace attnviz
