/// Two folders of maps read back, aligned, compared and drawn.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "attnviz/core.h"
#include "attnviz/export.h"
#include "attnviz/render.h"
#include "attnviz/report.h"

namespace attnviz::diff {

/// One column of a map that was read back.
struct SavedSource {
  std::int64_t index = 0;  ///< Position; of a word, that of its first token.
  std::string text;
  bool special = false;
};

/// An AttentionView that was read back, without its heads.
struct SavedView {
  AttentionKind kind = AttentionKind::kSelf;
  std::vector<SavedSource> sources;          ///< Ascending by index.
  std::vector<int> layers;                   ///< Which layer each row of `ReducedAttention::layers` is.
  std::vector<ReducedAttention> reductions;  ///< Finite and not negative.
  std::vector<SegmentMass> segments;
};

struct SavedMap {
  OutputToken token;
  std::vector<SavedView> views;  ///< Each kind at most once.
};

/// A folder of maps that was read back, with all its numbers.
struct SavedRun {
  std::string folder;   ///< As it was named.
  std::string version;  ///< Of the attnviz that wrote it.
  std::string model, sha256;
  std::vector<std::pair<std::string, std::string>> options;  ///< Names, and values as JSON.
  /// "text", "pair", "target_text", "generated_text".
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<std::string> positions;  ///< Texts of all tokens, of the source and then of the target.
  std::vector<SavedMap> maps;          ///< Ascending by index.
};

/// Reads a folder that a run wrote. Throws kInput, naming the file and what is wrong with it, for a folder
/// that is missing or not whole, other schemas, broken JSON, wrong types, numbers that are not finite or
/// negative, sizes that disagree, names that lead out of the folder, and reductions that are not `known`.
ATTNVIZ_EXPORT SavedRun read_maps(const std::filesystem::path& folder,
                                  std::span<const ReductionInfo* const> known);

/// The ids of the records that a batch lists as done, in its order; nothing when `folder` holds
/// the maps of one run. Throws kInput as read_maps does.
ATTNVIZ_EXPORT std::optional<std::vector<std::string>> read_batch_ids(const std::filesystem::path& folder);

/// How far apart two distributions over the same sources are. A source that the other side lacks (none of its
/// tokens is its partner, or its query cannot see it) counts as a symbol of which the other side has 0.
struct Divergence {
  /// Jensen–Shannon divergence of the overall rows p and q, scaled to sum 1: Σ p/2·log₂(p/m) + q/2·log₂(q/m)
  /// with m = (p + q)/2 (Lin 1991, "Divergence measures based on the Shannon entropy", eq. 4.1 with equal
  /// weights). Bits, from 0 (equal) to 1 (nothing in common).
  double js = 0;
  double only_a = 0, only_b = 0;  ///< Share of each side that is on sources the other lacks.
};

/// One weight of both runs that is not the same.
struct WeightChange {
  double value = 0;          ///< B − A.
  std::optional<int> layer;  ///< Nothing: the overall row.
  SavedSource a, b;
};

/// One reduction of one kind of attention as both runs have it, for one output token.
struct MapDiff {
  AttentionKind kind = AttentionKind::kSelf;
  const ReductionInfo* reduction = nullptr;
  std::optional<Divergence> divergence;  ///< Of reductions that are distributions.
  /// By |B − A|, over the layers of both; nothing without a common source.
  std::optional<WeightChange> largest;
};

/// The mass of a named part of the text in both runs; 0 where a run does not name it.
struct SegmentShift {
  AttentionKind kind = AttentionKind::kSelf;
  std::string name;
  double a = 0, b = 0;
};

/// One output token that both runs have.
struct ATTNVIZ_EXPORT TokenDiff {
  std::int64_t index_a = 0, index_b = 0;
  std::string text;
  std::vector<MapDiff> maps;
  std::vector<SegmentShift> segments;
  const MapDiff* most_divergent() const noexcept;      ///< Null when no map is a distribution.
  const MapDiff* most_different() const noexcept;      ///< Null when no source is in both.
  const SegmentShift* largest_shift() const noexcept;  ///< Null when segments are not named.
};

/// What two runs share and where they part. A is the run before, B the one after.
struct ATTNVIZ_EXPORT RunDiff {
  std::string model_a, model_b, sha256_a, sha256_b;
  std::vector<std::string> differences;              ///< Of models, options and texts, a sentence each.
  std::vector<std::string> warnings;                 ///< What was not compared, a sentence each.
  std::vector<TokenDiff> tokens;                     ///< In order of A.
  std::vector<std::int64_t> only_a, only_b;          ///< Indices of output tokens without a partner.
  const TokenDiff* most_divergent() const noexcept;  ///< Null when no map is a distribution.
  const TokenDiff* most_different() const noexcept;  ///< Null when no source is in both.
};

/// Two runs, tied to each other. Tokens are partners by position and text where both runs have the same
/// tokens, and else by a longest common subsequence of their texts. Sources likewise, once for each kind of
/// attention.
class ATTNVIZ_EXPORT RunComparison {
 public:
  /// Throws kInput when the runs share no output token, no kind of attention or no reduction.
  RunComparison(SavedRun a, SavedRun b);
  ~RunComparison();
  RunComparison(RunComparison&&) noexcept;
  RunComparison& operator=(RunComparison&&) noexcept;

  const RunDiff& diff() const noexcept;
  /// The largest |B − A| that any of heatmaps() and overview() shows.
  double largest_change() const;
  /// B − A for diff().tokens[token]: for each kind of attention layers × sources and the overall row, of mean
  /// or the first reduction in common. Sources are those of both; what one side lacks is 0 there.
  std::vector<Heatmap> heatmaps(std::size_t token) const;
  /// B − A of the overall rows, outputs × sources, for each kind of attention.
  std::vector<Heatmap> overview() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Two runs of one record of a batch.
struct RecordDiff {
  std::string id;
  std::optional<RunDiff> diff;  ///< Nothing where they cannot be compared.
  std::string error;            ///< Why.
};

/// Two batches, record by record.
struct ATTNVIZ_EXPORT BatchDiff {
  std::vector<RecordDiff> records;                    ///< Those that both have, in order of A.
  std::vector<std::string> only_a, only_b;            ///< Ids of records without a partner.
  const RecordDiff* most_divergent() const noexcept;  ///< Null when no map is a distribution.
};

/// Schema attnviz.diff/1. `pictures` are the names of the PNG files of diff.tokens (empty: that has none), or
/// none.
ATTNVIZ_EXPORT std::string diff_json(const RunDiff& diff, std::span<const std::string> pictures = {});
/// Schema attnviz.batch-diff/1: the largest values of each record.
ATTNVIZ_EXPORT std::string diff_json(const BatchDiff& diff);

/// How two folders of maps are compared.
struct DiffOptions {
  bool png = true;
  RenderOptions render;  ///< `top` is not asked: all pictures share the largest change.
  std::span<const ReductionInfo* const> reductions;  ///< That maps may hold: the table of aggregate.h.
};

/// What a comparison found: a RunDiff of two runs, a BatchDiff of two batches.
using MapsDiff = std::variant<RunDiff, BatchDiff>;

/// Compares the maps in `a`, the run before, with those in `b`. Into `folder`, unless it is null, go
/// tokens/…png, overview.png, and last diff.json; of batches a folder for each record, and diff.json. Throws
/// kInput for folders that cannot be read or compared (of a batch's records this is kept in the result),
/// kOutput, kInterrupted.
ATTNVIZ_EXPORT MapsDiff diff_maps(const std::filesystem::path& a, const std::filesystem::path& b,
                                  const DiffOptions& options, OutputDirectory* folder, Listener& listener);

}  // namespace attnviz::diff

namespace attnviz {

using diff::BatchDiff;
using diff::diff_json;
using diff::diff_maps;
using diff::DiffOptions;
using diff::Divergence;
using diff::MapDiff;
using diff::MapsDiff;
using diff::read_batch_ids;
using diff::read_maps;
using diff::RecordDiff;
using diff::RunComparison;
using diff::RunDiff;
using diff::SavedMap;
using diff::SavedRun;
using diff::SavedSource;
using diff::SavedView;
using diff::SegmentShift;
using diff::TokenDiff;
using diff::WeightChange;

}  // namespace attnviz
