// Attention rollout: Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3; the form
// for encoder–decoders is stated in aggregate.h.
#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "aggregate/reduction.h"

namespace attnviz {
namespace {

constexpr std::int64_t kTile =
    256;  ///< Rows and keys of one product; large enough for the BLAS, small beside a map.

/// A map of flow [queries, inputs] that layers multiply from the left. Rows arrive block by block; a layer
/// counts when its last row is there.
class Flow {
 public:
  enum class Start { kIdentity, kZero };
  explicit Flow(Start start) : identity_(start == Start::kIdentity) {}

  /// rows [first, first + mixed.size(0)) of the next state = mixed · state. `lower`: mixed has no weight
  /// above the diagonal.
  void multiply(const at::Tensor& mixed, std::int64_t first, bool lower) {
    if (identity_) return put(mixed, first, lower);
    if (!state_.defined()) return;  // 0 stays 0
    if (!(lower && lower_)) return put(mixed.matmul(state_), first, false);
    reserve(mixed.size(1), state_.size(1), mixed.options());
    for (std::int64_t row = 0; row < mixed.size(0); row += kTile) {
      const std::int64_t rows = std::min(kTile, mixed.size(0) - row);
      const std::int64_t end = first + row + rows;
      at::Tensor target = next_.narrow(0, first + row, rows).zero_();
      for (std::int64_t key = 0; key < end; key += kTile) {
        const std::int64_t keys = std::min(kTile, end - key);
        target.narrow(1, 0, key + keys)
            .addmm_(mixed.narrow(0, row, rows).narrow(1, key, keys),
                    state_.narrow(0, key, keys).narrow(1, 0, key + keys));
      }
    }
  }

  /// rows [first, …) of the next state = r · state + rows.
  void blend(double residual, const at::Tensor& rows, std::int64_t first, std::int64_t queries) {
    reserve(queries, rows.size(1), rows.options());
    at::Tensor target = next_.narrow(0, first, rows.size(0));
    target.copy_(rows);
    if (state_.defined()) target.add_(state_.narrow(0, first, rows.size(0)), residual);
    next_lower_ = false;
  }

  void scale(double factor, std::int64_t queries, const at::TensorOptions& options) {
    if (identity_) {
      state_ = at::eye(queries, options);
      identity_ = false;
      lower_ = true;
    }
    state_.mul_(factor);
  }

  void end_layer() {
    if (!next_.defined()) return;
    std::swap(state_, next_);
    lower_ = next_lower_;
    identity_ = false;
    next_lower_ = true;
  }

  bool defined() const { return state_.defined(); }
  const at::Tensor& state() const { return state_; }

  /// rows · state
  at::Tensor apply_to(const at::Tensor& rows) const { return state_.defined() ? rows.matmul(state_) : rows; }

 private:
  void put(const at::Tensor& rows, std::int64_t first, bool lower) {
    reserve(identity_ ? rows.size(1) : state_.size(0), rows.size(1), rows.options());
    next_.narrow(0, first, rows.size(0)).copy_(rows);
    next_lower_ = next_lower_ && lower;
  }

  void reserve(std::int64_t queries, std::int64_t inputs, const at::TensorOptions& options) {
    if (!next_.defined() || next_.size(0) != queries || next_.size(1) != inputs) {
      next_ = at::empty({queries, inputs}, options);
    }
  }

  at::Tensor state_, next_;  ///< Both undefined until the first layer ends.
  bool identity_;
  bool lower_ = false;  ///< `state_` has nothing above its diagonal.
  bool next_lower_ = true;
};

class Rollout final : public Reduction {
 public:
  explicit Rollout(const ReductionOptions& options)
      : selection_(options), residual_(options.rollout_residual), groupings_(options.groupings) {}

  void on_block(const AttentionBlock& block, const HeadReduction& heads) override {
    const bool last = block.first_query + block.weights.size(1) == block.queries;
    const at::Tensor mean = without_sinks(heads.mean, block.kind);
    if (block.kind == AttentionKind::kCross) return on_cross(block, mean, last);
    Flow& own = block.kind == AttentionKind::kEncoder ? encoder_ : own_;
    const at::Tensor mixed = mix(mean, block.first_query);
    const bool lower = heads.audit.above_diagonal == 0;
    own.multiply(mixed, block.first_query, lower);
    if (block.kind == AttentionKind::kDecoder) source_.multiply(mixed, block.first_query, false);
    if (!last) return;
    own.end_layer();
    if (block.kind == AttentionKind::kDecoder) source_.end_layer();
    record(block.kind, block.layer, own.state());
  }

  std::vector<AttentionMap> finish() override {
    for (Record& record : records_) {
      if (!record.pending.empty()) flush(record);
      record.map.overall = std::move(record.latest);
    }
    std::vector<AttentionMap> maps;
    for (Record& record : records_) {
      const Grouping* grouping = find_grouping(groupings_, record.map.kind);
      if (grouping != nullptr) regroup(record.map, *grouping, true);
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

  /// Rows of `mean` as if the sinks of `kind` were not there; a row that sees nothing else becomes 0.
  at::Tensor without_sinks(const at::Tensor& mean, AttentionKind kind) const {
    const Grouping* grouping = find_grouping(groupings_, kind);
    if (grouping == nullptr || grouping->sinks.empty()) return mean;
    const at::Tensor sinks = at::tensor(at::ArrayRef<std::int64_t>(grouping->sinks), at::kLong);
    const at::Tensor rest = mean.index_fill(1, sinks.to(mean.device()), 0);
    const at::Tensor sums = rest.sum(-1, true, at::kDouble).clamp_min_(1e-30);
    return rest.div(sums.to(at::kFloat));
  }

  /// norm((1 − r)·A + r·I) for rows that begin at query `first`.
  at::Tensor mix(const at::Tensor& mean, std::int64_t first) const {
    at::Tensor mixed = mean.mul(1.0 - residual_);
    mixed.diagonal(first).add_(residual_);
    const at::Tensor sums =
        mixed.sum(-1, true, at::kDouble).clamp_min_(1e-30);  // a row that sees nothing stays 0
    return mixed.div_(sums.to(at::kFloat));
  }

  void on_cross(const AttentionBlock& block, const at::Tensor& mean, bool last) {
    source_.blend(residual_, encoder_.apply_to(mean).mul(1.0 - residual_), block.first_query, block.queries);
    if (!last) return;
    source_.end_layer();
    own_.scale(residual_, block.queries, mean.options());
    record(AttentionKind::kCross, block.layer, source_.state());
    for (Record& decoder : records_) {
      if (decoder.map.kind == AttentionKind::kDecoder)
        record(AttentionKind::kDecoder, decoder.layer, own_.state());
    }
  }

  void record(AttentionKind kind, int layer, const at::Tensor& state) {
    if (!selection_.keeps_kind(kind)) return;
    auto found =
        std::find_if(records_.begin(), records_.end(), [&](const Record& r) { return r.map.kind == kind; });
    if (found == records_.end()) {
      found = records_.emplace(records_.end());
      found->map.kind = kind;
      found->map.reduction = "rollout";
      found->map.keys = state.size(1);
      found->map.queries = selection_.rows(kind, 0, state.size(0));
    } else if (found->layer != layer) {
      flush(*found);
    }
    found->layer = layer;
    found->pending.clear();
    append_rows(state, found->map.queries, found->pending);
  }

  void flush(Record& record) const {
    if (selection_.keeps_layer(record.layer)) {
      record.map.layers.push_back(record.layer);
      record.map.by_layer.insert(record.map.by_layer.end(), record.pending.begin(), record.pending.end());
    }
    record.latest = std::move(record.pending);
    record.pending.clear();
  }

  Selection selection_;
  double residual_;
  std::vector<Grouping> groupings_;
  Flow own_{Flow::Start::kIdentity};      ///< The one stack, or the decoder over its own inputs: D.
  Flow source_{Flow::Start::kZero};       ///< The decoder over the source: C.
  Flow encoder_{Flow::Start::kIdentity};  ///< E.
  std::vector<Record> records_;
};

}  // namespace

std::unique_ptr<Reduction> make_rollout(const ReductionOptions& options) {
  return std::make_unique<Rollout>(options);
}

}  // namespace attnviz
