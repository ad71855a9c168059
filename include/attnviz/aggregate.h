/// Consumers that reduce attention while the model runs, and the maps of output tokens made from what they
/// keep.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/core.h"
#include "attnviz/export.h"

namespace attnviz::aggregate {

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

/// The table of all reductions, in the order in which help lists them: mean, max, min, rollout.
ATTNVIZ_EXPORT std::span<const ReductionInfo* const> known_reductions() noexcept;
/// The mean over heads, of which the masses of segments and of dropped tokens are.
ATTNVIZ_EXPORT const ReductionInfo& mean_reduction() noexcept;
/// What is made where nothing else is said: mean, max, rollout.
ATTNVIZ_EXPORT std::vector<const ReductionInfo*> default_reductions();
/// Those of these names, in their order. Throws kUsage for one that is not in the table.
ATTNVIZ_EXPORT std::vector<const ReductionInfo*> reductions_named(std::span<const std::string_view> names);

/// Which reductions to make, and of which rows.
struct ReductionOptions {
  std::vector<const ReductionInfo*> reductions = default_reductions();
  double rollout_residual = 0.5;      ///< Weight of the identity in rollout, in [0, 1).
  std::vector<std::int64_t> queries;  ///< Query positions of `asking` to keep, ascending; empty: all.
  Side asking = Side::kSource;        ///< Kinds whose queries are of the other side keep all of them.
  std::vector<int> layers;            ///< Layers to keep, ascending; empty: all.
  std::vector<int> heads;             ///< Which heads the blocks hold; empty: all, 0, 1, 2 …
  bool per_head = false;              ///< Keep every head of the kept rows as well.
  std::vector<AttentionKind> kinds;   ///< Kinds to keep; empty: all.
  std::vector<Grouping> groupings;    ///< At most one a kind; kinds without one keep their tokens.
};

/// Hands every block to each consumer that needs it, cut to the rows that it needs.
class ATTNVIZ_EXPORT ConsumerGroup final : public AttentionConsumer {
 public:
  /// `consumers`: one at least; not owned. on_block() throws kInterrupted where `listener` says so.
  ConsumerGroup(const std::vector<AttentionConsumer*>& consumers, const Listener& listener);
  Needs needs() const override;  ///< What serves all of them.
  void on_block(const AttentionBlock& block) override;

 private:
  struct Member {
    AttentionConsumer* consumer;
    Needs needs;
  };
  std::vector<Member> members_;
  const Listener& listener_;
};

/// Feeds each block to every reduction and lets it go, and audits the rows that it needs for them; holds one
/// [queries, keys] map a layer and reduction at most.
///
/// Per layer, over heads h: mean = 1/H Σ A_h, max, min. Rollout is attention rollout (Abnar & Zuidema 2020,
/// "Quantifying Attention Flow in Transformers"): R_l = norm((1 − r)·mean_h A_l + r·I) · R_{l−1}, R_{−1} = I,
/// where norm divides rows by their sum and r is `rollout_residual`.
///
/// In an encoder–decoder, with E the rollout of the encoder, the decoder keeps D (over its own inputs,
/// starting at I) and C (over the source, starting at 0): a self-attention block maps both by norm((1 − r)·A
/// + r·I), a cross-attention block makes D ← r·D and C ← r·C + (1 − r)·A·E. Rows of [D | C] sum to 1.
/// "rollout" of kCross is C, of kDecoder is D.
class ATTNVIZ_EXPORT Reductions final : public AttentionConsumer {
 public:
  /// Throws kUsage for a reduction that is not of known_reductions(), and a residual outside of [0, 1).
  explicit Reductions(const ReductionOptions& options);
  ~Reductions() override;

  Needs needs() const override;
  void on_block(const AttentionBlock& block) override;

  /// Ends the run; call once. Throws kInput when a query that was asked for never came.
  AttentionMaps finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Describes every head while the model runs. Over all query rows q of a layer, with weights A:
/// - entropy: mean of −Σ_k A(q,k) log2 A(q,k), in bits;
/// - sink, previous, self: mean of A(q,0), A(q,q−1) (0 for row 0), A(q,q)
///   (Clark et al. 2019, "What Does BERT Look At?");
/// - induction: mean of Σ A(q,k) over k ≤ q whose token before, at k−1 < q, is the query's token, over rows
///   that have such a k (prefix matching, Olsson et al. 2022, "In-context Learning and Induction Heads");
/// - duplicate: mean of Σ A(q,k) over k < q with the query's token, over rows that have such a k
///   (duplicate token heads, Wang et al. 2022, "Interpretability in the Wild").
/// The last four are not of cross attention; induction and duplicate are there where ids repeat.
class ATTNVIZ_EXPORT HeadSummaries final : public AttentionConsumer {
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
  Needs needs() const override;
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
class ATTNVIZ_EXPORT SinkFinder final : public AttentionConsumer {
 public:
  struct Options {
    std::vector<std::int64_t> shown;  ///< Query positions of `asking`, ascending; empty: all.
    Side asking = Side::kSource;      ///< Kinds whose queries are of the other side show all of them.
    std::vector<AttentionKind> kinds;
    std::vector<int> layers;  ///< Ascending; empty: all.
    double threshold = 0.3;
  };
  explicit SinkFinder(const Options& options);
  ~SinkFinder() override;
  Needs needs() const override;
  void on_block(const AttentionBlock& block) override;
  /// Key positions, ascending.
  std::vector<std::int64_t> sinks(AttentionKind kind) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Measures how attention flows between the parts of a text (`SegmentFlow`), over all rows.
class ATTNVIZ_EXPORT SegmentFlows final : public AttentionConsumer {
 public:
  /// `parts`: [tokens], which of `names` each token belongs to. Only layers of as many queries and keys as
  /// there are tokens are measured.
  SegmentFlows(std::vector<std::string> names, std::vector<std::int64_t> parts, std::vector<int> layers);
  ~SegmentFlows() override;
  Needs needs() const override;
  void on_block(const AttentionBlock& block) override;
  /// Ends the run; call once.
  std::vector<SegmentFlow> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// True when no weight of a square layer lies above its diagonal by more than float32 noise. False without
/// square layers.
ATTNVIZ_EXPORT bool is_causal(std::span<const LayerAudit> audit, AttentionKind kind) noexcept;

/// How many of the units of `sequence` a causal query sees.
ATTNVIZ_EXPORT std::int64_t visible_sources(const Sequence& sequence, std::int64_t query);

/// The map of one output token: for each kind in `maps` the row of `token.query` under each of `reductions`;
/// of the kinds whose queries are of the side `asking`. Sources are all columns that were not dropped or,
/// where `causal` and the kind looks at its own sequence, those of them up to the query. Segment masses and
/// the removed mass come from the mean, which `maps` must hold for them.
ATTNVIZ_EXPORT TokenMap make_token_map(const AttentionMaps& maps,
                                       std::span<const ReductionInfo* const> reductions,
                                       const OutputToken& token, const Sequences& sequences, Side asking,
                                       bool causal);

}  // namespace attnviz::aggregate

namespace attnviz {

using aggregate::ConsumerGroup;
using aggregate::default_reductions;
using aggregate::Grouping;
using aggregate::HeadSummaries;
using aggregate::is_causal;
using aggregate::known_reductions;
using aggregate::make_token_map;
using aggregate::mean_reduction;
using aggregate::ReductionOptions;
using aggregate::Reductions;
using aggregate::reductions_named;
using aggregate::SegmentFlows;
using aggregate::SinkFinder;
using aggregate::visible_sources;

}  // namespace attnviz
