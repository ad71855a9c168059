/// Results as bytes, and bytes into a folder that is either whole or recognisably not; such folders read
/// back, and how two of them differ.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "attnviz/core.h"
#include "attnviz/render.h"

namespace attnviz {

/// The value of an effective option as it goes into the manifest.
using OptionValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                                 std::vector<std::string>>;

/// Effective options with their names, in the order in which they are written.
using ManifestOptions = std::vector<std::pair<std::string, OptionValue>>;

/// The model of a run, as the manifest names it.
struct ManifestModel {
  std::string file;  ///< Without folder.
  std::string sha256;
  int layers = 0;  ///< The most of any kind of attention.
  int heads = 0;   ///< The most of any layer.
  std::vector<AttentionKind> attention;
  bool causal = false;
  std::string capture;  ///< "returned", "softmax", "sdpa" or "fused".
};

/// Files of one output token, relative to the folder of the run.
struct ManifestOutput {
  std::int64_t index = 0;
  std::optional<std::string> png;  ///< Nothing with `--no-png`.
  std::string json;
};

/// Which part of the text each output token looked at.
struct SegmentTable {
  AttentionKind kind = AttentionKind::kSelf;
  std::vector<std::string> names;     ///< Of segments, then "generated" and "" where there is such.
  std::vector<std::int64_t> outputs;  ///< Indices of output tokens, ascending.
  Matrix masses;                      ///< [outputs, names], mean attention; rows sum to 1.
};

/// Everything about a run that is not about one output token. Schema attnviz.manifest/1.
struct Manifest {
  ManifestModel model;
  ManifestOptions options;
  std::shared_ptr<const Encoding> source;
  std::shared_ptr<const Encoding> target;  ///< Null for models with one stack.
  std::optional<std::string> overview;     ///< File of the overview picture.
  std::optional<std::string> segments_picture;
  std::optional<std::string> npz;
  std::vector<SegmentTable> segments;  ///< One for each kind that looks at named segments.
  std::vector<SegmentFlow> flows;      ///< Of sentence pairs.
  std::vector<ManifestOutput> outputs;
  std::vector<LayerAudit> audit;
  std::vector<HeadSummary> heads;
  std::vector<std::string> warnings;
};

/// A record of a batch, as the manifest of the batch lists it.
struct BatchEntry {
  std::int64_t line = 0;             ///< Of the input, from 1 on; blank lines count.
  std::optional<std::string> id;     ///< Nothing where the line does not tell it.
  std::optional<std::string> error;  ///< One sentence; nothing: its maps are there.
  std::int64_t outputs = 0;          ///< Output tokens with maps.
};

/// Everything about a batch that is not about one record. Schema attnviz.batch/1.
struct BatchManifest {
  std::string file;  ///< Of the model, without folder.
  std::string sha256;
  ManifestOptions options;
  std::vector<BatchEntry> records;  ///< In order of the input.
};

/// The version of this build, "0.1.0".
std::string_view version() noexcept;

/// tokens/*.json, schema attnviz.token/1. Numbers are float32 in the fewest digits that read back the same.
std::string token_json(const TokenMap& map);

/// manifest.json, schema attnviz.manifest/1.
std::string manifest_json(const Manifest& manifest);

/// manifest.json of a batch, schema attnviz.batch/1.
std::string batch_manifest_json(const BatchManifest& manifest);

/// "00012-Poldo": the index, then the label reduced to [A-Za-z0-9_-], at most 24 characters; "00012" if none
/// is left.
std::string token_file_stem(std::int64_t index, std::string_view label);

/// Takes a file piece by piece. `offset` may lie before the end of what came: headers are completed when
/// their content is known.
using WriteAt = std::function<void(std::uint64_t offset, std::string_view bytes)>;

/// One array of an .npz: float32 or int64, C order.
struct NpzArray {
  std::string name;                 ///< "self.mean"; UTF-8, without "/".
  std::vector<std::int64_t> shape;  ///< At most 32 axes; none: one value.
  std::variant<std::vector<float>, std::vector<std::int64_t>> values;
};

/// A NumPy .npz file: a zip of .npy files of version 1.0, stored and not deflated, as numpy.savez does
/// (float32 weights that are not 0 shrink by 7 % only, at a thirtieth of the speed), without time stamps,
/// zip64 where an array has 4 GB or more. Same arrays, same bytes. Holds no second copy of the values. Throws
/// kUsage when a shape and its values disagree, for a name that is empty or there twice; what `write` throws
/// comes through.
void npz(std::span<const NpzArray> arrays, const WriteAt& write);
/// The same in memory.
std::string npz(std::span<const NpzArray> arrays);

/// A folder of results. Files appear whole or not at all: a temporary name, then a rename. Every failure is
/// kOutput and names the path and the system's reason. write() may be called from several threads.
class OutputDirectory {
 public:
  enum class IfNotEmpty { kRefuse, kReplace };

  /// Creates `path` with its parents, and checks that it can be written to. With kRefuse it must be empty,
  /// and every file is there as soon as it is written. With kReplace it may hold an earlier run or diff,
  /// whose manifest.json and diff.json are attnviz's own or absent: new files are gathered in
  /// `path`/.attnviz-part and take the place of the earlier ones, all of which go, when the last of them is
  /// written; until then, and after a failure, the earlier ones are as they were. Files of others stay.
  OutputDirectory(std::filesystem::path path, IfNotEmpty policy);
  /// Removes what was gathered and not put in place, and the folders that were created here as far as
  /// nothing is in them.
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  /// Writes `bytes` to `name` (relative; folders are made). Returns the path as the user would write it.
  /// The last is manifest.json or diff.json, after every other write() has returned.
  std::string write(std::string_view name, std::string_view bytes);
  /// The same for a file that is too large to be held: `content` is called once, to write all of it.
  std::string write(std::string_view name, const std::function<void(const WriteAt&)>& content);

 private:
  void commit(const std::string& last);

  std::filesystem::path path_;
  std::vector<std::filesystem::path> created_;  ///< Innermost first.
  bool staged_;
  std::mutex mutex_;
  std::set<std::string> staged_names_;  ///< Written, and not put in place yet.
};

/// How many output tokens the run in `folder` has, if it is whole: its manifest is of this version of
/// attnviz, of the model with that sha256 and of the same options, and every file that it lists is there and
/// not empty.
std::optional<std::int64_t> outputs_of_whole_run(const std::filesystem::path& folder, std::string_view sha256,
                                                 const ManifestOptions& options);

/// The folder of a batch: a folder for each record, and a manifest that says what became of each. Failures
/// are kOutput. Not for several threads; the folders that open() gives are independent of each other.
class BatchDirectory {
 public:
  enum class IfNotEmpty { kRefuse, kReplace, kResume };

  /// As OutputDirectory's. With kReplace and kResume the folder may hold an earlier batch, whole or not; with
  /// kResume, find_whole() finds records in it. What is in it otherwise stays as it is.
  BatchDirectory(std::filesystem::path path, IfNotEmpty policy);
  /// Removes the folders that were created here as far as nothing is in them.
  ~BatchDirectory();
  BatchDirectory(const BatchDirectory&) = delete;
  BatchDirectory& operator=(const BatchDirectory&) = delete;

  /// How a record's manifest is called, as the user would write it.
  std::string manifest_of(std::string_view id) const;

  /// outputs_of_whole_run() of the record; nothing unless the batch is resumed.
  std::optional<std::int64_t> find_whole(std::string_view id, std::string_view sha256,
                                         const ManifestOptions& options) const;

  /// The folder of a record, whose maps replace earlier ones when they are whole. The manifest of an earlier
  /// batch, which would not be true any longer, is put aside at the first call: a batch that goes on with
  /// this one must know what it lists.
  std::unique_ptr<OutputDirectory> open(std::string_view id);

  /// Removes the earlier maps of a record that failed, so that they are not taken for its own.
  void discard(std::string_view id);

  /// Writes manifest.json, after every record. Maps that an earlier batch lists and that are not done in this
  /// one are removed. Returns the path as the user would write it.
  std::string finish(const BatchManifest& manifest);

 private:
  void forget_manifest();

  std::filesystem::path path_;
  std::vector<std::filesystem::path> created_;  ///< Innermost first.
  bool resumes_;
  std::vector<std::string> earlier_;  ///< Ids that the manifest of an earlier batch lists.
};

// ------------------------------------------------------------------------------------------------------------
// maps read back, and how two runs differ

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
  std::vector<std::pair<std::string, std::string>>
      texts;                           ///< "text", "pair", "target_text", "generated_text".
  std::vector<std::string> positions;  ///< Texts of all tokens, of the source and then of the target.
  std::vector<SavedMap> maps;          ///< Ascending by index.
};

/// Reads a folder that a run wrote. Throws kInput, naming the file and what is wrong with it, for a folder
/// that is missing or not whole, other schemas, broken JSON, wrong types, numbers that are not finite or
/// negative, sizes that disagree, and names that lead out of the folder.
SavedRun read_maps(const std::filesystem::path& folder);

/// The ids of the records that a batch lists as done, in its order; nothing when `folder` holds
/// the maps of one run. Throws kInput as read_maps does.
std::optional<std::vector<std::string>> read_batch_ids(const std::filesystem::path& folder);

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
  std::string reduction;
  std::optional<Divergence> divergence;  ///< Of mean and rollout; max and min are no distributions.
  std::optional<WeightChange>
      largest;  ///< By |B − A|, over the layers of both; nothing without a common source.
};

/// The mass of a named part of the text in both runs; 0 where a run does not name it.
struct SegmentShift {
  AttentionKind kind = AttentionKind::kSelf;
  std::string name;
  double a = 0, b = 0;
};

/// One output token that both runs have.
struct TokenDiff {
  std::int64_t index_a = 0, index_b = 0;
  std::string text;
  std::vector<MapDiff> maps;
  std::vector<SegmentShift> segments;
  const MapDiff* most_divergent() const noexcept;      ///< Null when no map is a distribution.
  const MapDiff* most_different() const noexcept;      ///< Null when no source is in both.
  const SegmentShift* largest_shift() const noexcept;  ///< Null when segments are not named.
};

/// What two runs share and where they part. A is the run before, B the one after.
struct RunDiff {
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
class RunComparison {
 public:
  /// Throws kInput when the runs share no output token, no kind of attention or no reduction.
  RunComparison(SavedRun a, SavedRun b);
  ~RunComparison();
  RunComparison(RunComparison&&) noexcept;
  RunComparison& operator=(RunComparison&&) noexcept;

  const RunDiff& diff() const noexcept;
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
struct BatchDiff {
  std::vector<RecordDiff> records;                    ///< Those that both have, in order of A.
  std::vector<std::string> only_a, only_b;            ///< Ids of records without a partner.
  const RecordDiff* most_divergent() const noexcept;  ///< Null when no map is a distribution.
};

/// Schema attnviz.diff/1. `pictures` are the names of the PNG files of diff.tokens (empty: that has none), or
/// none.
std::string diff_json(const RunDiff& diff, std::span<const std::string> pictures = {});
/// Schema attnviz.batch-diff/1: the largest values of each record.
std::string diff_json(const BatchDiff& diff);

}  // namespace attnviz
