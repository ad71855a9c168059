/// Attention by loops in float64, and the models of the tests that share its parameters.
#pragma once

#include <torch/script.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace attnviz::model::zoo {

/// weights[h][q][k] as a float64 tensor.
struct ReferenceOptions {
  std::int64_t heads = 2;
  std::int64_t key_heads = 2;  ///< Fewer: each is shared by consecutive query heads.
  double scale = 0;            ///< 0: 1/√width.
  /// Added to the score of (head, query, key); −∞ hides.
  std::function<double(std::int64_t, std::int64_t, std::int64_t)> bias;
};

/// softmax(x Wq · y Wk) for x [Q, C] and y [K, C], written as loops.
at::Tensor reference_weights(const at::Tensor& x, const at::Tensor& y, const at::Tensor& wq,
                             const at::Tensor& wk, const ReferenceOptions& options = {});

/// Weights by loops times values, [Q, C]: the attention's output.
at::Tensor reference_mix(const at::Tensor& weights, const at::Tensor& values);

/// Rows of an embedding table, float64.
at::Tensor reference_embedding(const at::Tensor& table, const std::vector<std::int64_t>& ids);

/// table [16, 8], wq, wk, wv, wo [8, 8] and narrow_k, narrow_v [8, 4].
std::map<std::string, at::Tensor> common_parameters();

/// TorchScript methods for models with these parameters: embed(ids), attend(x, z) by two heads of x over z
/// with a residual, and what these need.
std::string attending_methods();

/// Hides keys after their query.
double causal_bias(std::int64_t head, std::int64_t query, std::int64_t key);

}  // namespace attnviz::model::zoo
