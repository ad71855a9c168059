#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/grouping.h"
#include "aggregate/head_reduction.h"
#include "attnviz/aggregate.h"

namespace attnviz::aggregate {

/// One reduction. Sees every block of a run in order, already reduced over its heads.
class Reduction {
 public:
  virtual ~Reduction() = default;
  virtual Needs needs() const = 0;
  virtual void on_block(const AttentionBlock& block, const HeadReduction& heads) = 0;
  /// One map for each kind that occurred.
  virtual std::vector<AttentionMap> finish() = 0;
};

/// An entry of the table in reductions.cpp; a reduction's file defines one.
struct ReductionEntry {
  ReductionInfo info;
  std::unique_ptr<Reduction> (*make)(const ReductionOptions& options);
};

/// The rows of a run that are kept, and the layers: what every reduction asks of the options.
class Selection {
 public:
  explicit Selection(const ReductionOptions& options)
      : asking_(options.asking), queries_(options.queries), kept_{options.kinds, options.layers} {
    if (!queries_.empty() && keeps_only_asking()) kept_.first_query = queries_.front();
  }

  /// What has to be seen to keep it.
  const Needs& needs() const { return kept_; }
  bool keeps_kind(AttentionKind kind) const { return kept_.kind(kind); }
  bool keeps_layer(int layer) const { return kept_.layer(layer); }
  /// Rows of a block whose query is kept, as indices into the block.
  std::vector<std::int64_t> rows(AttentionKind kind, std::int64_t first_query, std::int64_t rows) const;

 private:
  bool keeps_only_asking() const;

  Side asking_;
  std::vector<std::int64_t> queries_;
  Needs kept_;
};

/// `rows` [rows, keys], from any device, appended to `out`.
void append(const at::Tensor& rows, std::vector<float>& out);

/// Keeps the selected rows of one [rows, keys] map a layer and folds the layers into `overall`. Rows and
/// columns are merged as the groupings say: after reducing the heads, but before it where `over_words` is
/// given, for what does not commute with merging.
class PerLayerReduction final : public Reduction {
 public:
  /// The rows of a block, reduced over its heads to [rows, keys].
  using Pick = std::function<at::Tensor(const HeadReduction& heads, const std::vector<std::int64_t>& rows)>;
  using Fold = std::function<double(double, double)>;              ///< (so far, this layer) → so far.
  using OverWords = std::function<at::Tensor(const at::Tensor&)>;  ///< [heads, rows, keys] → [rows, keys].
  PerLayerReduction(const ReductionInfo& info, const ReductionOptions& options, Pick pick, Fold fold,
                    bool average, OverWords over_words = nullptr);

  Needs needs() const override { return selection_.needs(); }
  void on_block(const AttentionBlock& block, const HeadReduction& heads) override;
  std::vector<AttentionMap> finish() override;

 private:
  /// What is kept of one kind.
  struct Kept {
    AttentionMap map;
    std::optional<Grouping> grouping;
    std::optional<WordRows> words;  ///< Where heads are merged before they are reduced.
  };
  Kept& kept_of(const AttentionBlock& block);

  const ReductionInfo& info_;
  Selection selection_;
  Pick pick_;
  Fold fold_;
  bool average_;  ///< Divide what is folded by the number of layers.
  OverWords over_words_;
  std::vector<Grouping> groupings_;
  std::vector<Kept> kept_;
};

}  // namespace attnviz::aggregate
