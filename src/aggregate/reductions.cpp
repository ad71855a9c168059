#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "aggregate/reduction.h"

namespace attnviz::aggregate {

extern const ReductionEntry mean_entry, max_entry, min_entry, rollout_entry;  // each in its own file

namespace {

constexpr std::array kEntries = {&mean_entry, &max_entry, &min_entry, &rollout_entry};

constexpr auto kInfos = [] {
  std::array<const ReductionInfo*, kEntries.size()> infos{};
  std::transform(kEntries.begin(), kEntries.end(), infos.begin(),
                 [](const ReductionEntry* entry) { return &entry->info; });
  return infos;
}();

void merge(LayerAudit& into, const LayerAudit& block) {
  into.row_sum_error = std::max(into.row_sum_error, block.row_sum_error);
  into.non_finite += block.non_finite;
  into.above_diagonal = std::max(into.above_diagonal, block.above_diagonal);
}

/// Keeps the selected rows of every head. Blocks of a layer are gathered, then laid out head by head.
class HeadKeeper {
 public:
  explicit HeadKeeper(const ReductionOptions& options) : selection_(options), heads_(options.heads) {}

  void on_block(const AttentionBlock& block) {
    if (!selection_.keeps_layer(block.layer) || !selection_.keeps_kind(block.kind)) return;
    const auto rows = selection_.rows(block.kind, block.first_query, block.weights.size(1));
    HeadMap& map = of_kind(block);
    const bool first_layer =
        map.layers.empty() || (map.layers.size() == 1 && map.layers.back() == block.layer);
    if (map.layers.empty() || map.layers.back() != block.layer) map.layers.push_back(block.layer);
    if (first_layer) {
      for (const std::int64_t row : rows) map.queries.push_back(block.first_query + row);
    }
    if (!rows.empty()) {
      const at::Tensor kept = take_rows(block.weights, 1, rows).to(at::kCPU, at::kFloat);
      gathered_.push_back(at::constant_pad_nd(kept, {0, block.hidden_keys}));
    }
    if (block.first_query + block.weights.size(1) == block.queries && !gathered_.empty()) {
      const at::Tensor layer = at::cat(gathered_, 1).contiguous();
      map.weights.insert(map.weights.end(), layer.data_ptr<float>(), layer.data_ptr<float>() + layer.numel());
      gathered_.clear();
    }
  }

  std::vector<HeadMap> finish() { return std::move(maps_); }

 private:
  HeadMap& of_kind(const AttentionBlock& block) {
    for (HeadMap& map : maps_) {
      if (map.kind == block.kind) return map;
    }
    HeadMap map;
    map.kind = block.kind;
    map.keys = block.weights.size(2) + block.hidden_keys;
    map.heads = heads_;
    for (int h = 0; heads_.empty() && h < static_cast<int>(block.weights.size(0)); ++h)
      map.heads.push_back(h);
    return maps_.emplace_back(std::move(map));
  }

  Selection selection_;
  std::vector<int> heads_;
  std::vector<at::Tensor> gathered_;
  std::vector<HeadMap> maps_;
};

}  // namespace

std::span<const ReductionInfo* const> known_reductions() noexcept { return kInfos; }

std::vector<const ReductionInfo*> default_reductions() {
  return {&mean_entry.info, &max_entry.info, &rollout_entry.info};
}

const ReductionInfo& mean_reduction() noexcept { return mean_entry.info; }

std::vector<const ReductionInfo*> reductions_named(std::span<const std::string_view> names) {
  std::vector<const ReductionInfo*> found;
  for (const std::string_view name : names) {
    std::string known;
    for (const ReductionInfo* info : kInfos) {
      if (info->name == name) found.push_back(info);
      known += (known.empty() ? "" : ", ") + std::string(info->name);
    }
    if (found.empty() || found.back()->name != name)
      throw Error(ErrorKind::kUsage, "'" + std::string(name) + "' is no reduction; there are " + known);
  }
  return found;
}

/// What all layers of a kind must agree in: maps lay them on each other.
struct LayerShape {
  AttentionKind kind = AttentionKind::kSelf;
  int layer = 0;
  std::int64_t queries = 0, keys = 0;
};

struct Reductions::Impl {
  ReductionOptions options;
  std::vector<LayerShape> shapes;  ///< Of the first layer of each kind.
  std::vector<std::unique_ptr<Reduction>> reductions;
  HeadKeeper heads;
  std::vector<LayerAudit> audit;

  explicit Impl(const ReductionOptions& given) : options(given), heads(given) {
    if (!(options.rollout_residual >= 0.0 && options.rollout_residual < 1.0)) {
      throw Error(ErrorKind::kUsage, "the rollout residual is " + std::to_string(options.rollout_residual) +
                                         "; it is a weight from 0 up to but not including 1");
    }
    for (const ReductionInfo* info : options.reductions) {
      const auto entry = std::find_if(kEntries.begin(), kEntries.end(),
                                      [info](const ReductionEntry* known) { return &known->info == info; });
      if (entry == kEntries.end()) throw Error(ErrorKind::kUsage, "a reduction is not of the table");
      reductions.push_back((*entry)->make(options));
    }
  }

  void check_shape(const LayerShape& shape) {
    const auto first = std::find_if(shapes.begin(), shapes.end(),
                                    [&](const LayerShape& other) { return other.kind == shape.kind; });
    if (first == shapes.end()) {
      shapes.push_back(shape);
    } else if (first->queries != shape.queries || first->keys != shape.keys) {
      throw Error(ErrorKind::kInput,
                  describe(shape) + ", but " + describe(*first) +
                      "; layers of different lengths cannot be laid on each other, select some with "
                      "--layers and without rollout");
    }
  }

  void check_queries() const {
    if (options.queries.empty()) return;
    bool came = false;
    for (const LayerShape& shape : shapes) {
      const bool asks = axes_of(shape.kind).queries == options.asking;
      came = came || asks;
      if (!asks || options.queries.back() < shape.queries) continue;
      throw Error(ErrorKind::kInput, "query " + std::to_string(options.queries.back()) +
                                         " was asked for, but the model's " +
                                         std::string(to_string(shape.kind)) + " attention has " +
                                         std::to_string(shape.queries) + " queries");
    }
    if (came) return;
    // Blocks that end before the first query that is needed come to nobody.
    std::string kinds;
    for (const AttentionKind kind : options.kinds) kinds += std::string(to_string(kind)) + " ";
    throw Error(ErrorKind::kInput, "query " + std::to_string(options.queries.back()) +
                                       " was asked for, but the model gave no " + kinds + "attention of it");
  }

  static std::string describe(const LayerShape& shape) {
    return std::string(to_string(shape.kind)) + " attention of layer " + std::to_string(shape.layer) +
           " has " + std::to_string(shape.queries) + " queries and " + std::to_string(shape.keys) + " keys";
  }
};

Reductions::Reductions(const ReductionOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Reductions::~Reductions() = default;

Needs Reductions::needs() const {
  const Needs selected = Selection(impl_->options).needs();
  if (impl_->reductions.empty()) return selected;  // the audit and single heads
  Needs needs = impl_->reductions.front()->needs();
  for (const auto& reduction : impl_->reductions) needs = needs | reduction->needs();
  return impl_->options.per_head ? needs | selected : needs;
}

void Reductions::on_block(const AttentionBlock& block) {
  impl_->check_shape({block.kind, block.layer, block.queries, block.weights.size(2) + block.hidden_keys});
  const HeadReduction reduced(block);
  std::vector<LayerAudit>& audit = impl_->audit;
  const auto same = std::find_if(audit.rbegin(), audit.rend(), [&](const LayerAudit& layer) {
    return layer.kind == block.kind && layer.layer == block.layer;
  });
  if (same == audit.rend()) {
    audit.push_back(reduced.audit);
  } else {
    merge(*same, reduced.audit);
  }
  for (const auto& reduction : impl_->reductions) reduction->on_block(block, reduced);
  if (impl_->options.per_head) impl_->heads.on_block(block);
}

AttentionMaps Reductions::finish() {
  AttentionMaps result;
  for (const auto& reduction : impl_->reductions) {
    for (AttentionMap& map : reduction->finish()) result.maps.push_back(std::move(map));
  }
  result.heads = impl_->heads.finish();
  result.selected_heads = impl_->options.heads;
  for (HeadMap& heads : result.heads) {
    if (const Grouping* grouping = find_grouping(impl_->options.groupings, heads.kind))
      regroup(heads, *grouping);
  }
  result.audit = std::move(impl_->audit);
  for (const int layer : impl_->options.layers) {
    if (std::none_of(result.audit.begin(), result.audit.end(),
                     [&](const LayerAudit& a) { return a.layer == layer; })) {
      throw Error(ErrorKind::kUsage,
                  "layer " + std::to_string(layer) + " was asked for, but the model has no such layer");
    }
  }
  impl_->check_queries();
  return result;
}

bool is_causal(std::span<const LayerAudit> audit, AttentionKind kind) noexcept {
  const auto of_kind = [&](const LayerAudit& layer) { return layer.kind == kind; };
  return std::any_of(audit.begin(), audit.end(), of_kind) &&
         std::all_of(audit.begin(), audit.end(), [&](const LayerAudit& layer) {
           return !of_kind(layer) || (layer.square && layer.above_diagonal <= kLooksAhead);
         });
}

}  // namespace attnviz::aggregate
