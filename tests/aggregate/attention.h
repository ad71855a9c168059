/// Attention to feed sinks with, and the plainest possible reductions of it in float64 to compare with.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "attnviz/aggregate.h"
#include "named_reductions.h"

namespace attnviz::testing {

using Stack = std::vector<at::Tensor>;  ///< One [heads, queries, keys] a layer, float32.

/// Row-stochastic attention from random scores. `causal`: nothing above the diagonal.
inline Stack random_attention(int layers, std::int64_t heads, std::int64_t queries, std::int64_t keys,
                              bool causal, std::uint64_t seed = 1) {
  at::manual_seed(seed);
  Stack stack;
  for (int l = 0; l < layers; ++l) {
    at::Tensor scores = at::randn({heads, queries, keys}, at::kFloat) * 2;
    if (causal) scores.masked_fill_(at::ones({queries, keys}, at::kBool).triu(1), -INFINITY);
    stack.push_back(scores.softmax(-1));
  }
  return stack;
}

/// Pushes the causal `stack` to `sink` as a model with tiles does: rows from `start` on, each block without
/// the keys after its last row.
inline void feed_tiles(AttentionConsumer& sink, const Stack& stack, std::int64_t rows,
                       std::int64_t start = 0) {
  for (std::size_t l = 0; l < stack.size(); ++l) {
    const std::int64_t queries = stack[l].size(1);
    for (std::int64_t first = start; first < queries; first += rows) {
      const std::int64_t end = std::min(queries, first + rows);
      const at::Tensor block = stack[l].narrow(1, first, end - first).narrow(2, 0, end);
      sink.on_block({static_cast<int>(l), AttentionKind::kSelf, first, queries, block, queries - end});
    }
  }
}

/// Pushes `stack` to `sink`, each layer in blocks of `rows` query rows (0: whole).
inline void feed(AttentionConsumer& sink, const Stack& stack, AttentionKind kind = AttentionKind::kSelf,
                 std::int64_t rows = 0) {
  for (std::size_t l = 0; l < stack.size(); ++l) {
    const std::int64_t queries = stack[l].size(1), step = rows == 0 ? queries : rows;
    for (std::int64_t first = 0; first < queries; first += step) {
      const at::Tensor block = stack[l].narrow(1, first, std::min(step, queries - first));
      sink.on_block({static_cast<int>(l), kind, first, queries, block});
    }
  }
}

inline AttentionMaps reduce(const Stack& stack, const ReductionOptions& options, std::int64_t rows = 0) {
  Reductions sink(options);
  feed(sink, stack, AttentionKind::kSelf, rows);
  return sink.finish();
}

using Rows = std::vector<std::vector<double>>;

inline Rows identity(std::size_t n) {
  Rows out(n, std::vector<double>(n, 0.0));
  for (std::size_t i = 0; i < n; ++i) out[i][i] = 1.0;
  return out;
}

inline Rows product(const Rows& a, const Rows& b) {
  Rows out(a.size(), std::vector<double>(b[0].size(), 0.0));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < b.size(); ++k) {
      for (std::size_t j = 0; j < b[0].size(); ++j) out[i][j] += a[i][k] * b[k][j];
    }
  }
  return out;
}

/// Mean over heads by four loops' inner two: out[q][k] = Σ_h A[h][q][k] / H.
inline Rows head_mean(const at::Tensor& layer) {
  const auto a = layer.accessor<float, 3>();
  Rows out(static_cast<std::size_t>(a.size(1)),
           std::vector<double>(static_cast<std::size_t>(a.size(2)), 0.0));
  for (std::int64_t h = 0; h < a.size(0); ++h) {
    for (std::int64_t q = 0; q < a.size(1); ++q) {
      for (std::int64_t k = 0; k < a.size(2); ++k) {
        out[static_cast<std::size_t>(q)][static_cast<std::size_t>(k)] +=
            a[h][q][k] / static_cast<double>(a.size(0));
      }
    }
  }
  return out;
}

/// residual·I + (1 − residual)·A, rows divided by their sum.
inline Rows mixed(const Rows& mean, double residual) {
  Rows out = mean;
  for (std::size_t q = 0; q < out.size(); ++q) {
    double sum = 0;
    for (std::size_t k = 0; k < out[q].size(); ++k) {
      out[q][k] = (1 - residual) * out[q][k] + (k == q ? residual : 0.0);
      sum += out[q][k];
    }
    for (double& w : out[q]) w /= sum;
  }
  return out;
}

/// Attention rollout of all layers as the paper writes it.
inline Rows rollout(const Stack& stack, double residual = 0.5) {
  Rows flow = identity(static_cast<std::size_t>(stack[0].size(1)));
  for (const at::Tensor& layer : stack) flow = product(mixed(head_mean(layer), residual), flow);
  return flow;
}

/// The largest |map − truth| over the rows of `truth`.
inline double largest_difference(std::span<const float> map, const Rows& truth) {
  double most = 0;
  std::size_t i = 0;
  for (const auto& row : truth) {
    for (const double value : row) most = std::max(most, std::abs(map[i++] - value));
  }
  return i == map.size() ? most : INFINITY;
}

}  // namespace attnviz::testing
