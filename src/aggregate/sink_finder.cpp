#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <map>

#include "aggregate/reduction.h"

namespace attnviz::aggregate {
namespace {

/// Fewer rows cannot tell a sink from what they look for.
constexpr std::int64_t kLeastRows = 4;

/// Sums of the mean over heads, over the layers of one kind.
struct ColumnSums {
  at::Tensor all;    ///< [keys] float64, over all rows but, where queries are keys, the key's own.
  at::Tensor shown;  ///< [keys] float64, over the rows that are shown.
  std::int64_t layers = 0;
  std::int64_t shown_rows = 0;  ///< Of all layers.
  std::int64_t queries = 0;     ///< Of one layer.
  bool square = false;          ///< Queries are keys.
  bool looks_ahead = false;     ///< Some weight lies above the diagonal.

  /// Rows of one layer, other than its own, that may look at `key`.
  std::int64_t rows_that_see(std::int64_t key) const {
    if (!square) return queries;
    return looks_ahead ? queries - 1 : queries - 1 - key;
  }
};

}  // namespace

struct SinkFinder::Impl {
  Selection selection;
  Needs needs;
  double threshold;
  std::map<AttentionKind, ColumnSums> kinds;
};

SinkFinder::SinkFinder(const Options& options)
    : impl_(std::make_unique<Impl>(Impl{Selection({.queries = options.shown, .asking = options.asking}),
                                        {.kinds = options.kinds, .layers = options.layers},
                                        options.threshold,
                                        {}})) {}
SinkFinder::~SinkFinder() = default;

Needs SinkFinder::needs() const { return impl_->needs; }

void SinkFinder::on_block(const AttentionBlock& block) {
  const c10::NoGradGuard no_grad;
  ColumnSums& sums = impl_->kinds[block.kind];
  const std::int64_t keys = block.weights.size(2) + block.hidden_keys, rows = block.weights.size(1);
  if (!sums.all.defined() || sums.all.size(0) != keys) {
    sums = {at::zeros({keys}, at::kDouble), at::zeros({keys}, at::kDouble)};
    sums.queries = block.queries;
    sums.square = axes_of(block.kind).within_one() && block.queries == keys;
  }
  if (block.first_query + rows == block.queries) ++sums.layers;
  const at::Tensor mean = at::constant_pad_nd(block.weights.to(at::kFloat).mean(0), {0, block.hidden_keys});
  sums.all += mean.sum(0, false, at::kDouble).to(at::kCPU);
  if (sums.square) {
    const at::Tensor own = mean.diagonal(block.first_query).to(at::kCPU, at::kDouble);
    sums.all.narrow(0, block.first_query, rows) -= own;
    sums.looks_ahead = sums.looks_ahead || mean.triu(block.first_query + 1).max().item<float>() > kLooksAhead;
  }
  const auto kept = impl_->selection.rows(block.kind, block.first_query, rows);
  if (kept.empty()) return;
  sums.shown_rows += static_cast<std::int64_t>(kept.size());
  const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(kept), at::kLong).to(mean.device());
  sums.shown += mean.index_select(0, index).sum(0, false, at::kDouble).to(at::kCPU);
}

std::vector<std::int64_t> SinkFinder::sinks(AttentionKind kind) const {
  std::vector<std::int64_t> found;
  const auto entry = impl_->kinds.find(kind);
  if (entry == impl_->kinds.end() || entry->second.shown_rows == 0) return found;
  const ColumnSums& sums = entry->second;
  const double* all = sums.all.data_ptr<double>();
  const double* shown = sums.shown.data_ptr<double>();
  for (std::int64_t key = 0; key < sums.all.size(0); ++key) {
    const std::int64_t others = sums.rows_that_see(key), rows = others * sums.layers;
    const bool over_all = others >= kLeastRows && all[key] >= impl_->threshold * static_cast<double>(rows);
    const bool over_shown = shown[key] >= impl_->threshold * static_cast<double>(sums.shown_rows);
    if (over_all && over_shown) found.push_back(key);
  }
  return found;
}

}  // namespace attnviz::aggregate
