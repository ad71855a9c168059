#include "model/reference.h"

#include <cmath>
#include <limits>

#include "model/zoo.h"

namespace attnviz::model::zoo {

namespace {

// One row of scores as weights, in place.
void softmax_row(double* row, std::int64_t keys) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::int64_t k = 0; k < keys; ++k) largest = std::max(largest, row[k]);
  double sum = 0;
  for (std::int64_t k = 0; k < keys; ++k) sum += row[k] = std::exp(row[k] - largest);
  for (std::int64_t k = 0; k < keys; ++k) row[k] /= sum;
}

}  // namespace

at::Tensor reference_weights(const at::Tensor& x, const at::Tensor& y, const at::Tensor& wq,
                             const at::Tensor& wk, const ReferenceOptions& options) {
  const at::Tensor q = x.to(torch::kFloat64).mm(wq.to(torch::kFloat64)).contiguous();
  const at::Tensor k = y.to(torch::kFloat64).mm(wk.to(torch::kFloat64)).contiguous();
  const std::int64_t queries = q.size(0), keys = k.size(0), width = q.size(1) / options.heads;
  const double scale = options.scale != 0 ? options.scale : 1 / std::sqrt(static_cast<double>(width));
  const std::int64_t shared = options.heads / options.key_heads;
  at::Tensor weights = torch::zeros({options.heads, queries, keys}, torch::kFloat64);
  const auto qs = q.accessor<double, 2>();
  const auto ks = k.accessor<double, 2>();
  auto ws = weights.accessor<double, 3>();
  for (std::int64_t h = 0; h < options.heads; ++h) {
    for (std::int64_t i = 0; i < queries; ++i) {
      for (std::int64_t j = 0; j < keys; ++j) {
        double score = 0;
        for (std::int64_t d = 0; d < width; ++d)
          score += qs[i][h * width + d] * ks[j][h / shared * width + d];
        ws[h][i][j] = score * scale + (options.bias ? options.bias(h, i, j) : 0.0);
      }
      softmax_row(&ws[h][i][0], keys);
    }
  }
  return weights;
}

at::Tensor reference_mix(const at::Tensor& weights, const at::Tensor& values) {
  const std::int64_t heads = weights.size(0), width = values.size(1) / heads;
  std::vector<at::Tensor> parts;
  for (std::int64_t h = 0; h < heads; ++h) parts.push_back(weights[h].mm(values.narrow(1, h * width, width)));
  return at::cat(parts, 1);
}

at::Tensor reference_embedding(const at::Tensor& table, const std::vector<std::int64_t>& ids) {
  return table.to(torch::kFloat64).index_select(0, torch::tensor(ids, torch::kInt64));
}

std::map<std::string, at::Tensor> common_parameters() {
  return {{"table", fixed_numbers({16, 8}, 1)},  {"wq", fixed_numbers({8, 8}, 2)},
          {"wk", fixed_numbers({8, 8}, 3)},      {"wv", fixed_numbers({8, 8}, 4)},
          {"wo", fixed_numbers({8, 8}, 5)},      {"narrow_k", fixed_numbers({8, 4}, 6)},
          {"narrow_v", fixed_numbers({8, 4}, 7)}};
}

std::string attending_methods() {
  return R"(
def split(self, x: Tensor, heads: int):
    return x.view([1, x.size(1), heads, 4]).transpose(1, 2)
def merge(self, y: Tensor):
    return y.transpose(1, 2).reshape([1, y.size(2), 8])
def attend(self, x: Tensor, z: Tensor):
    q = self.split(torch.matmul(x, self.wq), 2)
    k = self.split(torch.matmul(z, self.wk), 2)
    v = self.split(torch.matmul(z, self.wv), 2)
    w = torch.softmax(torch.matmul(q, k.transpose(-2, -1)) / 2.0, -1)
    return x + torch.matmul(self.merge(torch.matmul(w, v)), self.wo)
def embed(self, ids: Tensor):
    return torch.embedding(self.table, ids)
)";
}

double causal_bias(std::int64_t, std::int64_t query, std::int64_t key) {
  return key > query ? -std::numeric_limits<double>::infinity() : 0.0;
}

}  // namespace attnviz::model::zoo
