/// softmax(Q Kᵀ) V in tiles of rows: the weights exist for one tile at a time.
#pragma once

#include <torch/script.h>

#include <cstdint>
#include <functional>
#include <optional>

namespace attnviz::model {

/// One attention computation with batch size 1.
struct AttentionInputs {
  at::Tensor query;  ///< [heads, queries, width].
  at::Tensor key;    ///< [heads, keys, width].
  at::Tensor value;  ///< [heads, keys, value width].
  /// Broadcastable to [heads, queries, keys] once leading axes of size 1 are dropped: true takes part, or
  /// numbers that are added to the scores. Undefined: no mask.
  at::Tensor mask;
  bool causal = false;          ///< Query i sees keys 0 … i.
  std::optional<double> scale;  ///< Of the scores; 1/√width by default.
};

/// Receives the weights [heads, rows, keys] (float32) of the rows `first` …; valid during the call only.
/// Where attention is causal, without the keys after the last row.
using RowHandler = std::function<void(std::int64_t first, const at::Tensor& weights)>;

/// The output [heads, queries, value width], of the query's type. Rows that the mask hides altogether get
/// weights of 0. `rows` may be empty.
at::Tensor attend_in_tiles(const AttentionInputs& inputs, const RowHandler& rows);

}  // namespace attnviz::model
