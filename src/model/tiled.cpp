#include "model/tiled.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/capture_session.h"

namespace attnviz::model {

namespace {

constexpr float kHidden = -std::numeric_limits<float>::infinity();

// Memory for the tiles of one computation; each tile is a contiguous piece of it.
class TileBuffers {
 public:
  TileBuffers(std::int64_t heads, std::int64_t rows, std::int64_t keys, const at::TensorOptions& options)
      : heads_(heads),
        scores_(at::empty({heads * rows * keys}, options)),
        weights_(at::empty({heads * rows * keys}, options)) {}

  at::Tensor scores(std::int64_t rows, std::int64_t keys) { return piece(scores_, rows, keys); }
  at::Tensor weights(std::int64_t rows, std::int64_t keys) { return piece(weights_, rows, keys); }

 private:
  at::Tensor piece(const at::Tensor& buffer, std::int64_t rows, std::int64_t keys) const {
    return buffer.narrow(0, 0, heads_ * rows * keys).view({heads_, rows, keys});
  }

  std::int64_t heads_;
  at::Tensor scores_;
  at::Tensor weights_;
};

at::Tensor mask_as_3d(at::Tensor mask, std::int64_t heads, std::int64_t queries, std::int64_t keys) {
  while (mask.dim() > 3) mask = mask.size(0) == 1 ? mask.squeeze(0) : mask.flatten(0, 1);
  return mask.expand({mask.dim() == 3 && mask.size(0) > 1 ? heads : 1, queries, keys});
}

void hide(at::Tensor& scores, const at::Tensor& mask, std::int64_t first) {
  const at::Tensor rows = mask.narrow(1, first, scores.size(1)).narrow(2, 0, scores.size(2));
  if (rows.scalar_type() == torch::kBool) {
    scores.masked_fill_(rows.logical_not(), kHidden);
  } else {
    scores.add_(rows.to(scores.scalar_type()));
  }
}

// Keys after their query, in a tile whose last row sees the last of its keys.
void hide_future(at::Tensor& scores, std::int64_t first) {
  const std::int64_t width = scores.size(2) - first;
  if (width <= 0) return;
  at::Tensor corner = scores.narrow(2, first, width);
  corner.masked_fill_(at::ones({scores.size(1), width}, corner.options().dtype(torch::kBool)).triu(1),
                      kHidden);
}

}  // namespace

at::Tensor attend_in_tiles(const AttentionInputs& inputs, const RowHandler& rows) {
  const std::int64_t heads = inputs.query.size(0);
  const std::int64_t queries = inputs.query.size(1);
  const std::int64_t keys = inputs.key.size(1);
  const auto working = inputs.query.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
  const double scale = inputs.scale.value_or(1.0 / std::sqrt(static_cast<double>(inputs.query.size(2))));
  const at::Tensor query = inputs.query.to(working).mul(scale);
  const at::Tensor key = inputs.key.to(working).transpose(1, 2);
  const at::Tensor value = inputs.value.to(working);
  const at::Tensor mask = inputs.mask.defined() ? mask_as_3d(inputs.mask, heads, queries, keys) : inputs.mask;

  const std::int64_t step = std::min(tile_rows(heads, keys), std::max<std::int64_t>(queries, 1));
  TileBuffers buffers(heads, step, keys, query.options());
  at::Tensor output = at::empty({heads, queries, value.size(2)}, query.options());
  for (std::int64_t first = 0; first < queries; first += step) {
    const std::int64_t count = std::min(step, queries - first);
    const std::int64_t seen = inputs.causal ? std::min(keys, first + count) : keys;
    at::Tensor scores = buffers.scores(count, seen);
    at::bmm_out(scores, query.narrow(1, first, count), key.narrow(2, 0, seen));
    if (mask.defined()) hide(scores, mask, first);
    if (inputs.causal) hide_future(scores, first);
    at::Tensor weights = buffers.weights(count, seen);
    at::softmax_out(weights, scores, -1);
    if (mask.defined()) weights.masked_fill_(scores.eq(kHidden).all(-1, true), 0);
    output.narrow(1, first, count).copy_(at::bmm(weights, value.narrow(1, 0, seen)));
    if (rows) rows(first, weights);
  }
  return output.to(inputs.query.scalar_type());
}

}  // namespace attnviz::model
