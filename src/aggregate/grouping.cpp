#include "aggregate/grouping.h"

#include <algorithm>
#include <numeric>

namespace attnviz::aggregate {
namespace {

std::vector<std::int64_t> identity(std::int64_t count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

/// The text that a grouping was made for must be what the model attended to.
void check_fits(const Grouping& grouping, std::int64_t queries, std::int64_t keys) {
  const auto fits = [](const std::vector<std::int64_t>& groups, std::int64_t count) {
    return groups.empty() || static_cast<std::int64_t>(groups.size()) >= count;
  };
  if (fits(grouping.column_of, keys) && fits(grouping.row_of, queries)) return;
  throw Error(ErrorKind::kInput, "the model's " + std::string(to_string(grouping.kind)) + " attention has " +
                                     std::to_string(queries) + " queries and " + std::to_string(keys) +
                                     " keys, but the text has " + std::to_string(grouping.column_of.size()) +
                                     " tokens; its weights cannot be tied to the text");
}

/// Counts `query` as one more token of `row`; rows come one after the other.
void count_row(std::int64_t row, std::int64_t query, std::vector<std::int64_t>& last_queries,
               std::vector<std::int64_t>& sizes) {
  const auto next = static_cast<std::int64_t>(sizes.size());
  if (row != next && row != next - 1)
    throw Error(ErrorKind::kUsage, "rows of a grouping leave one out; they are numbered from 0 in order");
  if (row == next) {
    last_queries.push_back(query);
    sizes.push_back(0);
  }
  last_queries.back() = query;
  ++sizes.back();
}

/// Sums and means over the groups of a [.., queries, keys] map on the host.
class Merger {
 public:
  Merger(const Grouping& grouping, const std::vector<std::int64_t>& queries, std::int64_t keys)
      : column_of_(grouping.column_of.empty() ? identity(keys) : grouping.column_of),
        columns_(grouping.column_of.empty() ? keys : grouping.columns) {
    check_fits(grouping, queries.empty() ? 0 : queries.back() + 1, keys);
    column_of_.resize(static_cast<std::size_t>(keys));
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const std::int64_t row = grouping.row_of.empty()
                                   ? static_cast<std::int64_t>(i)
                                   : grouping.row_of[static_cast<std::size_t>(queries[i])];
      row_of_.push_back(row);
      if (row < 0) continue;
      count_row(row, queries[i], last_queries_, sizes_);
    }
  }

  std::int64_t columns() const { return columns_; }
  const std::vector<std::int64_t>& last_queries() const { return last_queries_; }

  /// Appends the merged form of one [queries, keys] slab to `out`, and the sum of each row before dropping to
  /// `totals`.
  void merge(const float* slab, std::vector<float>& out, std::vector<double>& totals) const {
    const std::size_t keys = column_of_.size(), width = static_cast<std::size_t>(columns_);
    std::vector<double> sums(sizes_.size() * width, 0.0);
    const std::size_t first_total = totals.size();
    totals.resize(first_total + sizes_.size(), 0.0);
    for (std::size_t q = 0; q < row_of_.size(); ++q) {
      if (row_of_[q] < 0) continue;
      const auto r = static_cast<std::size_t>(row_of_[q]);
      double* row = sums.data() + r * width;
      for (std::size_t k = 0; k < keys; ++k) {
        const float weight = slab[q * keys + k];
        if (column_of_[k] >= 0) row[column_of_[k]] += weight;
        totals[first_total + r] += weight / static_cast<double>(sizes_[r]);
      }
    }
    for (std::size_t r = 0; r < sizes_.size(); ++r) {
      for (std::size_t c = 0; c < width; ++c)
        out.push_back(static_cast<float>(sums[r * width + c] / static_cast<double>(sizes_[r])));
    }
  }

 private:
  std::vector<std::int64_t> column_of_, row_of_, last_queries_, sizes_;
  std::int64_t columns_;
};

struct Merged {
  std::vector<float> values;
  std::vector<double> totals;  ///< Of each row of each slab, before dropping.
};

Merged merge_slabs(const Merger& merger, const std::vector<float>& values, std::size_t slab) {
  Merged out;
  for (std::size_t at = 0; slab > 0 && at < values.size(); at += slab)
    merger.merge(values.data() + at, out.values, out.totals);
  return out;
}

/// Scales each row to the sum that it had before dropping (1, but for rollout through two stacks); a row that
/// has nothing left stays 0. Returns what each had lost.
std::vector<double> renormalise(Merged& merged) {
  std::vector<double> lost;
  const std::size_t columns = merged.totals.empty() ? 0 : merged.values.size() / merged.totals.size();
  for (std::size_t r = 0; r < merged.totals.size(); ++r) {
    const auto row = std::span(merged.values).subspan(r * columns, columns);
    const double kept = std::accumulate(row.begin(), row.end(), 0.0);
    lost.push_back(std::clamp(merged.totals[r] - kept, 0.0, 1.0));
    const double scale = kept > 0 ? merged.totals[r] / kept : 0.0;
    for (float& weight : row) weight = static_cast<float>(weight * scale);
  }
  return lost;
}

/// Mean over the layers of `by_layer`, as the overall of the mean is defined.
std::vector<float> mean_of_layers(const std::vector<float>& by_layer, std::size_t layers, std::size_t slab) {
  std::vector<float> out;
  for (std::size_t i = 0; i < slab; ++i) {
    double sum = 0;
    for (std::size_t layer = 0; layer < layers; ++layer) sum += by_layer[layer * slab + i];
    out.push_back(static_cast<float>(sum / static_cast<double>(layers)));
  }
  return out;
}

}  // namespace

const Grouping* find_grouping(const std::vector<Grouping>& groupings, AttentionKind kind) {
  const auto found = std::find_if(groupings.begin(), groupings.end(),
                                  [&](const Grouping& grouping) { return grouping.kind == kind; });
  return found == groupings.end() ? nullptr : &*found;
}

void regroup(AttentionMap& map, const Grouping& grouping) {
  const Merger merger(grouping, map.queries, map.keys);
  const std::size_t slab = map.queries.size() * static_cast<std::size_t>(map.keys);
  Merged by_layer = merge_slabs(merger, map.by_layer, slab);
  Merged overall = merge_slabs(merger, map.overall, slab);
  map.queries = merger.last_queries();
  map.keys = merger.columns();
  mark_dropped(map, grouping);
  if (map.reduction->distribution && !grouping.removed.empty()) {
    const std::vector<double> lost = renormalise(by_layer);
    const std::size_t rows = map.queries.size();
    map.removed_mass.assign(rows, 0.0F);
    for (std::size_t i = 0; i < lost.size(); ++i)
      map.removed_mass[i % rows] += static_cast<float>(lost[i] / static_cast<double>(map.layers.size()));
    renormalise(overall);
    if (!map.reduction->through_layers)
      overall.values = mean_of_layers(by_layer.values, map.layers.size(), overall.values.size());
  }
  map.by_layer = std::move(by_layer.values);
  map.overall = std::move(overall.values);
}

void mark_dropped(AttentionMap& map, const Grouping& grouping) {
  map.removed = grouping.removed;
  if (grouping.removed.empty()) return;
  map.dropped.assign(static_cast<std::size_t>(grouping.columns), 1);
  for (const std::int64_t column : grouping.column_of) {
    if (column >= 0) map.dropped[static_cast<std::size_t>(column)] = 0;
  }
}

void regroup(HeadMap& map, const Grouping& grouping) {
  const Merger merger(grouping, map.queries, map.keys);
  map.weights =
      merge_slabs(merger, map.weights, map.queries.size() * static_cast<std::size_t>(map.keys)).values;
  map.queries = merger.last_queries();
  map.keys = merger.columns();
}

WordRows::WordRows(const Grouping& grouping) : grouping_(grouping) {
  for (std::size_t q = 0; q < grouping_.row_of.size(); ++q) {
    const std::int64_t row = grouping_.row_of[q];
    if (row < 0) continue;
    count_row(row, static_cast<std::int64_t>(q), last_queries_, sizes_);
  }
}

at::Tensor WordRows::add(const AttentionBlock& block) {
  const std::int64_t heads = block.weights.size(0), rows = block.weights.size(1);
  const std::int64_t keys = block.weights.size(2) + block.hidden_keys;
  check_fits(grouping_, block.queries, keys);
  const auto options = at::TensorOptions().dtype(at::kLong);
  // Dropped columns and rows are gathered in one more, which is left behind.
  std::vector<std::int64_t> column_of = grouping_.column_of.empty() ? identity(keys) : grouping_.column_of;
  const std::int64_t columns = grouping_.column_of.empty() ? keys : grouping_.columns;
  column_of.resize(static_cast<std::size_t>(block.weights.size(2)));  // hidden keys add nothing
  std::replace(column_of.begin(), column_of.end(), std::int64_t{-1}, columns);
  std::int64_t first = -1, end = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t row = grouping_.row_of[static_cast<std::size_t>(block.first_query + r)];
    if (row < 0) continue;
    if (first < 0) first = row;
    end = row + 1;
  }
  if (first < 0) return at::zeros({heads, 0, columns}, at::kFloat);
  const std::int64_t count = end - first;
  std::vector<std::int64_t> row_of;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t row = grouping_.row_of[static_cast<std::size_t>(block.first_query + r)];
    row_of.push_back(row < 0 ? count : row - first);
  }
  const at::Tensor weights = block.weights.to(at::kCPU, at::kDouble);
  const at::Tensor by_row = at::zeros({heads, count + 1, weights.size(2)}, at::kDouble)
                                .index_add_(1, at::tensor(row_of, options), weights)
                                .narrow(1, 0, count);
  at::Tensor merged = at::zeros({heads, count, columns + 1}, at::kDouble)
                          .index_add_(2, at::tensor(column_of, options), by_row)
                          .narrow(2, 0, columns);
  if (open_.defined()) merged.select(1, 0).add_(open_);
  open_ = at::Tensor();
  const bool cut = last_queries_[static_cast<std::size_t>(end - 1)] >= block.first_query + rows;
  if (cut) open_ = merged.select(1, count - 1).clone();
  for (std::int64_t r = 0; r < count; ++r)
    merged.select(1, r).div_(static_cast<double>(sizes_[static_cast<std::size_t>(first + r)]));
  return merged.narrow(1, 0, cut ? count - 1 : count).to(at::kFloat);
}

}  // namespace attnviz::aggregate
