// Attention rollout: Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3; the form
// for encoder–decoders is stated in aggregate.h.
#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "aggregate/reduction.h"
#include "aggregate/rollout_product.h"

namespace attnviz::aggregate {
namespace {

/// Memory for layers whose whole product was not needed so far: twelve of 2,048 causal tokens.
constexpr std::int64_t kHeldBytes = std::int64_t{128} << 20;

class Rollout final : public Reduction {
 public:
  Rollout(const ReductionInfo& info, const ReductionOptions& options)
      : info_(info),
        selection_(options),
        residual_(options.rollout_residual),
        groupings_(options.groupings) {}

  /// Every layer and row; the other stack too, unless only the source's own attention is kept.
  Needs needs() const override {
    const std::vector<AttentionKind>& kinds = selection_.needs().kinds;
    const bool of_source = std::all_of(kinds.begin(), kinds.end(), [](AttentionKind kind) {
      return axes_of(kind).queries == Side::kSource;
    });
    return {.kinds = of_source ? kinds : std::vector<AttentionKind>{}};
  }

  void on_block(const AttentionBlock& block, const HeadReduction& heads) override {
    const bool last = block.first_query + block.weights.size(1) == block.queries;
    const SeenRows seen = without_sinks(heads, block.kind);
    const Axes axes = axes_of(block.kind);
    if (!axes.within_one()) return on_cross(block, seen.mean, last);
    const std::int64_t keys = block.weights.size(2) + block.hidden_keys;
    if (keys != block.queries) {
      throw Error(ErrorKind::kInput, "rollout needs as many keys as queries, but layer " +
                                         std::to_string(block.layer) + " has " + std::to_string(keys) +
                                         " and " + std::to_string(block.queries) +
                                         "; leave it out of --reduce");
    }
    RolloutProduct& own = own_of(axes.queries);
    const bool lower = heads.audit.square && heads.audit.above_diagonal == 0;
    const at::Tensor mixed = mix(seen, block.first_query, lower);
    own.append(mixed, keys);
    const bool has_read = axes.queries == Side::kTarget && !read_.is_zero();
    if (has_read) read_.append(mixed, keys);
    if (!last) return;
    own.end_layer();
    if (has_read) {
      read_.end_layer();
      read_.merge();
    }
    on_layer(block, own);
  }

  std::vector<AttentionMap> finish() override {
    std::vector<AttentionMap> maps;
    for (Record& record : records_) {
      if (const Axes axes = axes_of(record.map.kind); axes.within_one()) {
        for (const at::Tensor& rows : own_of(axes.queries).held_rows(record.map.queries)) {
          const int layer = held_layers_.front();
          held_layers_.erase(held_layers_.begin());
          keep(record, layer, rows);
        }
      }
      if (!record.pending.empty()) flush(record);
      record.map.overall = std::move(record.latest);
      const Grouping* grouping = find_grouping(groupings_, record.map.kind);
      if (grouping != nullptr) regroup(record.map, *grouping);
      maps.push_back(std::move(record.map));
    }
    return maps;
  }

 private:
  /// What is kept of one kind. A layer stays pending until the next one begins: cross attention still changes
  /// it.
  struct Record {
    AttentionMap map;
    int layer = 0;
    std::vector<float> pending;
    std::vector<float> latest;
  };

  /// The mean over heads [rows, keys], and what its rows sum to [rows].
  struct SeenRows {
    at::Tensor mean, sums;
  };

  /// Rows of the mean as if the sinks of `kind` were not there; a row that sees nothing else becomes 0.
  SeenRows without_sinks(const HeadReduction& heads, AttentionKind kind) const {
    const Grouping* grouping = find_grouping(groupings_, kind);
    if (grouping == nullptr || grouping->sinks.empty()) return {heads.mean, heads.row_sums};
    std::vector<std::int64_t> seen;
    std::copy_if(grouping->sinks.begin(), grouping->sinks.end(), std::back_inserter(seen),
                 [&](std::int64_t sink) { return sink < heads.mean.size(1); });
    const at::Tensor sinks = at::tensor(at::ArrayRef<std::int64_t>(seen), at::kLong);
    const at::Tensor rest = heads.mean.index_fill(1, sinks.to(heads.mean.device()), 0);
    const at::Tensor sums = rest.sum(-1, false, at::kDouble);
    const at::Tensor divisors = sums.clamp_min(1e-30);
    return {rest.div(divisors.to(at::kFloat).unsqueeze(1)), sums.div(divisors)};
  }

  /// norm((1 − r)·A + r·I) for rows that begin at query `first`; where A is lower triangular, up to the last
  /// key that they see.
  at::Tensor mix(const SeenRows& seen, std::int64_t first, bool lower) const {
    const std::int64_t width =
        lower ? std::min(seen.mean.size(1), first + seen.mean.size(0)) : seen.mean.size(1);
    const at::Tensor mean = seen.mean.narrow(1, 0, width);
    // a row that sees nothing stays 0
    const at::Tensor norm = seen.sums.mul(1.0 - residual_).add_(residual_).clamp_min_(1e-30).reciprocal_();
    at::Tensor mixed = mean.mul(norm.mul(1.0 - residual_).to(at::kFloat).unsqueeze(1));
    mixed.diagonal(first).add_(norm.mul(residual_).to(at::kFloat));
    return mixed;
  }

  RolloutProduct& own_of(Side side) { return side == Side::kTarget ? target_ : source_; }

  /// A layer of one stack is complete. Where few rows are kept and no other stack reads the product, layers
  /// are held while there is memory for them.
  void on_layer(const AttentionBlock& block, RolloutProduct& own) {
    constexpr std::size_t kFew = 8;
    const bool hold =
        block.kind == AttentionKind::kSelf && selection_.rows(block.kind, 0, block.queries).size() * kFew <=
                                                  static_cast<std::size_t>(block.queries);
    held_layers_.push_back(block.layer);
    record_merged(block.kind, own);
    while ((!hold || own.bytes() > kHeldBytes) && own.merge()) record_merged(block.kind, own);
  }

  void record_merged(AttentionKind kind, const RolloutProduct& own) {
    while (held_layers_.size() > own.held()) {
      record(kind, held_layers_.front(), own);
      held_layers_.erase(held_layers_.begin());
    }
  }

  void on_cross(const AttentionBlock& block, const at::Tensor& mean, bool last) {
    const at::Tensor seen = source_.applied_to(at::constant_pad_nd(mean, {0, block.hidden_keys}));
    read_.blend(residual_, seen.mul(1.0 - residual_));
    if (!last) return;
    read_.end_blend();
    target_.scale(residual_, block.queries, seen.options());
    record(block.kind, block.layer, read_);
    for (const Record& before : records_) {
      const Axes axes = axes_of(before.map.kind);
      if (axes.within_one() && axes.queries == Side::kTarget) record(before.map.kind, before.layer, target_);
    }
  }

  std::vector<Record>::iterator find(AttentionKind kind) {
    return std::find_if(records_.begin(), records_.end(),
                        [&](const Record& r) { return r.map.kind == kind; });
  }

  /// Keeps the product up to `layer`.
  void record(AttentionKind kind, int layer, const RolloutProduct& flow) {
    if (!selection_.keeps_kind(kind)) return;
    auto found = find(kind);
    if (found == records_.end()) {
      found = records_.emplace(records_.end());
      found->map.kind = kind;
      found->map.reduction = &info_;
      found->map.keys = flow.columns();
      found->map.queries = selection_.rows(kind, 0, flow.rows());
      found->layer = layer;
    }
    keep(*found, layer, flow.merged_rows(found->map.queries));
  }

  void keep(Record& record, int layer, const at::Tensor& rows) const {
    if (record.layer != layer) flush(record);
    record.layer = layer;
    record.pending.clear();
    append(rows, record.pending);
  }

  void flush(Record& record) const {
    if (selection_.keeps_layer(record.layer)) {
      record.map.layers.push_back(record.layer);
      record.map.by_layer.insert(record.map.by_layer.end(), record.pending.begin(), record.pending.end());
    }
    record.latest = std::move(record.pending);
    record.pending.clear();
  }

  const ReductionInfo& info_;
  Selection selection_;
  double residual_;
  std::vector<Grouping> groupings_;
  RolloutProduct source_{RolloutProduct::Start::kIdentity};  ///< The one stack, or the encoder: E.
  RolloutProduct target_{RolloutProduct::Start::kIdentity};  ///< The decoder over its own inputs: D.
  RolloutProduct read_{RolloutProduct::Start::kZero};        ///< The decoder over the source: C.
  std::vector<int> held_layers_;  ///< Of the stack that runs: complete, but not yet recorded.
  std::vector<Record> records_;
};

}  // namespace

extern const ReductionEntry rollout_entry;

const ReductionEntry rollout_entry{{.name = "rollout", .distribution = true, .through_layers = true},
                                   [](const ReductionOptions& options) -> std::unique_ptr<Reduction> {
                                     return std::make_unique<Rollout>(rollout_entry.info, options);
                                   }};

}  // namespace attnviz::aggregate
