#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "aggregate/reduction.h"

namespace attnviz::aggregate {

bool Selection::keeps_only_asking() const {
  return std::all_of(kAttentionKinds.begin(), kAttentionKinds.end(), [this](AttentionKind kind) {
    return !keeps_kind(kind) || axes_of(kind).queries == asking_;
  });
}

std::vector<std::int64_t> Selection::rows(AttentionKind kind, std::int64_t first_query,
                                          std::int64_t rows) const {
  std::vector<std::int64_t> kept;
  if (queries_.empty() || axes_of(kind).queries != asking_) {
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

void append(const at::Tensor& rows, std::vector<float>& out) {
  const at::Tensor kept = rows.to(at::kCPU).contiguous();
  const float* data = kept.data_ptr<float>();
  out.insert(out.end(), data, data + kept.numel());
}

PerLayerReduction::PerLayerReduction(const ReductionInfo& info, const ReductionOptions& options, Pick pick,
                                     Fold fold, bool average, OverWords over_words)
    : info_(info),
      selection_(options),
      pick_(std::move(pick)),
      fold_(std::move(fold)),
      average_(average),
      over_words_(std::move(over_words)),
      groupings_(options.groupings) {}

void PerLayerReduction::on_block(const AttentionBlock& block, const HeadReduction& heads) {
  if (!selection_.keeps_layer(block.layer) || !selection_.keeps_kind(block.kind)) return;
  Kept& kept = kept_of(block);
  AttentionMap& map = kept.map;
  if (map.layers.empty() || map.layers.back() != block.layer) map.layers.push_back(block.layer);
  if (kept.words) {
    append(over_words_(kept.words->add(block)), map.by_layer);
    return;
  }
  const auto rows = selection_.rows(block.kind, block.first_query, block.weights.size(1));
  if (map.layers.size() == 1) {
    for (const std::int64_t row : rows) map.queries.push_back(block.first_query + row);
  }
  if (!rows.empty()) append(pick_(heads, rows), map.by_layer);
}

PerLayerReduction::Kept& PerLayerReduction::kept_of(const AttentionBlock& block) {
  const auto same =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.map.kind == block.kind; });
  if (same != kept_.end()) return *same;
  Kept& kept = kept_.emplace_back();
  kept.map.kind = block.kind;
  kept.map.reduction = &info_;
  kept.map.keys = block.weights.size(2) + block.hidden_keys;
  const Grouping* grouping = find_grouping(groupings_, block.kind);
  if (grouping == nullptr) return kept;
  kept.grouping = *grouping;
  if (over_words_ && !grouping->row_of.empty()) {
    kept.words.emplace(*grouping);
    kept.map.queries = kept.words->queries();
    kept.map.keys = grouping->column_of.empty() ? kept.map.keys : grouping->columns;
  }
  return kept;
}

std::vector<AttentionMap> PerLayerReduction::finish() {
  std::vector<AttentionMap> maps;
  for (Kept& kept : kept_) {
    AttentionMap& map = kept.map;
    const std::size_t size = map.queries.size() * static_cast<std::size_t>(map.keys);
    const double scale = average_ ? 1.0 / static_cast<double>(map.layers.size()) : 1.0;
    map.overall.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
      double folded = map.by_layer[i];
      for (std::size_t l = 1; l < map.layers.size(); ++l) folded = fold_(folded, map.by_layer[l * size + i]);
      map.overall[i] = static_cast<float>(folded * scale);
    }
    if (kept.words) {
      mark_dropped(map, *kept.grouping);
    } else if (kept.grouping) {
      regroup(map, *kept.grouping);
    }
    maps.push_back(std::move(map));
  }
  return maps;
}

}  // namespace attnviz::aggregate
