#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "aggregate/reduction.h"

namespace attnviz {

bool Selection::keeps_layer(int layer) const {
  return layers_.empty() || std::binary_search(layers_.begin(), layers_.end(), layer);
}

std::vector<std::int64_t> Selection::rows(AttentionKind kind, std::int64_t first_query,
                                          std::int64_t rows) const {
  std::vector<std::int64_t> kept;
  if (queries_.empty() || kind == AttentionKind::kEncoder) {
    kept.resize(static_cast<std::size_t>(rows));
    std::iota(kept.begin(), kept.end(), std::int64_t{0});
    return kept;
  }
  const auto begin = std::lower_bound(queries_.begin(), queries_.end(), first_query);
  const auto end = std::lower_bound(begin, queries_.end(), first_query + rows);
  std::transform(begin, end, std::back_inserter(kept),
                 [&](std::int64_t query) { return query - first_query; });
  return kept;
}

void append_rows(const at::Tensor& map, const std::vector<std::int64_t>& rows, std::vector<float>& out) {
  if (rows.empty()) return;
  const bool all = static_cast<std::int64_t>(rows.size()) == map.size(0);
  const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(rows), at::kLong);
  const at::Tensor kept = (all ? map : map.index_select(0, index.to(map.device()))).to(at::kCPU).contiguous();
  const float* data = kept.data_ptr<float>();
  out.insert(out.end(), data, data + kept.numel());
}

PerLayerReduction::PerLayerReduction(std::string_view name, const ReductionOptions& options, Pick pick,
                                     Fold fold, bool average)
    : name_(name), selection_(options), pick_(pick), fold_(std::move(fold)), average_(average) {}

void PerLayerReduction::on_block(const AttentionBlock& block, const HeadReduction& heads) {
  if (!selection_.keeps_layer(block.layer)) return;
  auto map =
      std::find_if(maps_.begin(), maps_.end(), [&](const AttentionMap& m) { return m.kind == block.kind; });
  if (map == maps_.end()) {
    map = maps_.emplace(maps_.end());
    map->kind = block.kind;
    map->reduction = name_;
    map->keys = block.weights.size(2);
  }
  if (map->layers.empty() || map->layers.back() != block.layer) map->layers.push_back(block.layer);
  const auto rows = selection_.rows(block.kind, block.first_query, block.weights.size(1));
  if (map->layers.size() == 1) {
    for (const std::int64_t row : rows) map->queries.push_back(block.first_query + row);
  }
  append_rows(heads.*pick_, rows, map->by_layer);
}

std::vector<AttentionMap> PerLayerReduction::finish() {
  for (AttentionMap& map : maps_) {
    const std::size_t size = map.queries.size() * static_cast<std::size_t>(map.keys);
    const double scale = average_ ? 1.0 / static_cast<double>(map.layers.size()) : 1.0;
    map.overall.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
      double folded = map.by_layer[i];
      for (std::size_t l = 1; l < map.layers.size(); ++l) folded = fold_(folded, map.by_layer[l * size + i]);
      map.overall[i] = static_cast<float>(folded * scale);
    }
  }
  return std::move(maps_);
}

}  // namespace attnviz
