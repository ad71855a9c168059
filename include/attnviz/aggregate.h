/// Sinks that reduce attention while the model runs, and the maps of output tokens made from what they keep.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/core.h"

namespace attnviz {

/// How tokens become the rows and columns of the maps of one kind: merged into words, or dropped.
///
/// Attention to a word is the sum over its tokens, from a word the mean over its tokens (Clark et al. 2019,
/// "What Does BERT Look At?"); max and min are taken over the heads' words, rollout is computed on tokens and
/// merged last. Columns that are dropped become 0, and rows of mean and rollout are divided by what is left
/// of them, layer by layer; max, min and single heads keep their weights.
struct Grouping {
  AttentionKind kind = AttentionKind::kSelf;
  std::int64_t columns = 0;
  std::vector<std::int64_t> column_of;  ///< [keys], ascending but for −1: dropped. Empty: one each.
  std::vector<std::int64_t> row_of;     ///< [queries], likewise; −1: not kept. Empty: one each.
  std::vector<std::string> removed;     ///< What was dropped, for AttentionMap::removed.
  std::vector<std::int64_t> sinks;      ///< Keys that rollout drops from every layer before the product.
};

/// Which reductions to make, and of which rows.
struct ReductionOptions {
  std::vector<std::string> reductions = {"mean", "max", "rollout"};
  double rollout_residual = 0.5;  ///< Weight of the identity in rollout, in [0, 1).
  std::vector<std::int64_t>
      queries;  ///< Query positions to keep, ascending; empty: all. An encoder's are all kept.
  std::vector<int>
      layers;  ///< Layers to keep in the results, ascending; empty: all. Rollout runs through all.
  std::vector<int> heads;            ///< Which heads the blocks hold; empty: all, 0, 1, 2 …
  bool per_head = false;             ///< Keep every head of the kept rows as well.
  std::vector<AttentionKind> kinds;  ///< Kinds to keep in the results; empty: all. Rollout runs through all.
  std::vector<Grouping> groupings;   ///< At most one a kind; kinds without one keep their tokens.
};

/// Names that ReductionOptions::reductions may hold: "mean", "max", "min", "rollout".
std::span<const std::string_view> reduction_names() noexcept;

/// What is left of a run.
struct AttentionMaps {
  std::vector<AttentionMap>
      maps;  ///< For each reduction in the order asked for, one for each kind that occurred.
  std::vector<HeadMap> heads;       ///< One for each kind; empty without `per_head`.
  std::vector<int> selected_heads;  ///< ReductionOptions::heads.
  std::vector<LayerAudit>
      audit;  ///< One for each layer of each kind, in order of execution, of all rows seen.

  const AttentionMap* find(AttentionKind kind,
                           std::string_view reduction) const noexcept;  ///< Null if there is none.
  bool contains(AttentionKind kind) const noexcept;
};

/// Feeds each block to every reduction and lets it go; holds one [queries, keys] map a layer and reduction at
/// most.
///
/// Per layer, over heads h: mean = 1/H Σ A_h, max, min. Rollout is attention rollout (Abnar & Zuidema 2020,
/// "Quantifying Attention Flow in Transformers"): R_l = norm((1 − r)·mean_h A_l + r·I) · R_{l−1}, R_{−1} = I,
/// where norm divides rows by their sum and r is `rollout_residual`.
///
/// In an encoder–decoder, with E the rollout of the encoder, the decoder keeps D (over its own inputs,
/// starting at I) and C (over the source, starting at 0): a self-attention block maps both by norm((1 − r)·A
/// + r·I), a cross-attention block makes D ← r·D and C ← r·C + (1 − r)·A·E. Rows of [D | C] sum to 1.
/// "rollout" of kCross is C, of kDecoder is D.
class Reductions final : public AttentionSink {
 public:
  /// Throws kUsage for a name that is not in reduction_names() and for a residual outside of [0, 1).
  explicit Reductions(const ReductionOptions& options);
  ~Reductions() override;

  void on_block(const AttentionBlock& block) override;

  /// Ends the run; call once. Throws kInput when a query that was asked for never came.
  AttentionMaps finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Describes every head while the model runs. Over the query rows q that it is shown, with weights A:
/// - entropy: mean of −Σ_k A(q,k) log2 A(q,k), in bits;
/// - sink, previous, self: mean of A(q,0), A(q,q−1) (0 for row 0), A(q,q) (Clark et al. 2019, "What Does BERT
/// Look At?");
/// - induction: mean of Σ A(q,k) over k ≤ q whose token before, at k−1 < q, is the query's token, over rows
/// that have such
///   a k (prefix matching, Olsson et al. 2022, "In-context Learning and Induction Heads");
/// - duplicate: mean of Σ A(q,k) over k < q with the query's token, over rows that have such a k (duplicate
/// token heads,
///   Wang et al. 2022, "Interpretability in the Wild").
/// The last four are not of cross attention; induction and duplicate are there where ids repeat.
class HeadSummaries final : public AttentionSink {
 public:
  /// `source` are the ids that self or encoder attention is of, `target` those of decoder attention. `kinds`,
  /// `layers` and `heads` as in ReductionOptions. Thumbnails have at most `side` rows and columns.
  struct Options {
    std::vector<std::int64_t> source;
    std::vector<std::int64_t> target;
    std::vector<AttentionKind> kinds;
    std::vector<int> layers;
    std::vector<int> heads;
    std::int64_t side = 96;
  };
  explicit HeadSummaries(const Options& options);
  ~HeadSummaries() override;
  void on_block(const AttentionBlock& block) override;
  /// Ends the run; call once. In order of execution, then of heads.
  std::vector<HeadSummary> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Finds attention sinks by weight, not by name (Xiao et al. 2023, "Efficient Streaming Language Models with
/// Attention Sinks"): keys whose mean weight over layers, heads and the rows that are shown is at least
/// `threshold`, and as much over all other rows that can see them, so that what a single row looks for is
/// none.
class SinkFinder final : public AttentionSink {
 public:
  /// `shown`: query positions, ascending, of every kind but the encoder's; empty: all.
  SinkFinder(std::vector<std::int64_t> shown, double threshold);
  ~SinkFinder() override;
  void on_block(const AttentionBlock& block) override;
  /// Key positions, ascending.
  std::vector<std::int64_t> sinks(AttentionKind kind) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Measures how attention flows between the parts of a text (`SegmentFlow`), over all rows.
class SegmentFlows final : public AttentionSink {
 public:
  /// `parts`: [tokens], which of `names` each token belongs to. Only layers of as many queries and keys as
  /// there are tokens are measured.
  SegmentFlows(std::vector<std::string> names, std::vector<std::int64_t> parts, std::vector<int> layers);
  ~SegmentFlows() override;
  void on_block(const AttentionBlock& block) override;
  /// Ends the run; call once.
  std::vector<SegmentFlow> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// True when no weight of a square layer lies above its diagonal by more than float32 noise. False without
/// square layers.
bool is_causal(std::span<const LayerAudit> audit, AttentionKind kind) noexcept;

/// The texts that the kinds of attention look at, as tokens or merged into words like the columns of the
/// maps.
struct AttendedTexts {
  std::shared_ptr<const Encoding> source;  ///< Of self, encoder and cross attention.
  std::shared_ptr<const Encoding> target;  ///< Of decoder attention; null for models with one stack.
};

/// How many of the tokens (or words) of `text` a causal query sees.
std::int64_t visible_sources(const Encoding& text, std::int64_t query);

/// The map of one output token: for each kind in `maps` the row of `token.query` under each of `reductions`;
/// the encoder's only where there is no other, as its rows are positions of the source. Sources are all
/// columns that were not dropped or, where `causal` and the kind is self or decoder, those of them up to the
/// query. Segment masses and the removed mass come from the mean, which `maps` must hold for them.
TokenMap make_token_map(const AttentionMaps& maps, std::span<const std::string> reductions,
                        const OutputToken& token, const AttendedTexts& texts, bool causal);

}  // namespace attnviz
