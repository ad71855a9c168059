/// Results as bytes, and bytes into a folder that is either whole or recognisably not.
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
#include "attnviz/export.h"
#include "attnviz/render.h"

namespace attnviz::report {

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

/// A file that a format wrote.
struct ManifestFile {
  std::string member;  ///< Of the manifest, or of one of its outputs, that names it: "overview", "png".
  std::string name;    ///< Relative to the folder of the run.
};

/// Files of one output token.
struct ManifestOutput {
  std::int64_t index = 0;
  std::vector<ManifestFile> files;  ///< One of each format that has files of tokens and was asked for.
};

/// Which part of the text each output token looked at.
struct SegmentTable {
  AttentionKind kind = AttentionKind::kSelf;
  std::vector<std::string> names;     ///< Of segments, then "generated" and "" where there is such.
  std::vector<std::int64_t> outputs;  ///< Indices of output tokens, ascending.
  Matrix masses;                      ///< [outputs, names], mean attention; rows sum to 1.
};

/// What the files of JSON give as their "schema".
inline constexpr std::string_view kTokenSchema = "attnviz.token/1";
inline constexpr std::string_view kRunSchema = "attnviz.manifest/1";
inline constexpr std::string_view kBatchSchema = "attnviz.batch/1";
inline constexpr std::string_view kDiffSchema = "attnviz.diff/1";
inline constexpr std::string_view kBatchDiffSchema = "attnviz.batch-diff/1";

/// Files that are of no format alone. With the last one a folder is whole.
inline constexpr std::string_view kManifestFile = "manifest.json";  ///< The last of a run, and of a batch.
inline constexpr std::string_view kDiffFile = "diff.json";          ///< The last of a diff.
inline constexpr std::string_view kOverviewFile = "overview.png";   ///< Of a run, and of a diff.

/// Everything about a run that is not about one output token. Schema attnviz.manifest/1.
struct Manifest {
  ManifestModel model;
  ManifestOptions options;
  std::shared_ptr<const Sequence> source;
  std::shared_ptr<const Sequence> target;  ///< Null for models with one stack.
  std::vector<ManifestFile> files;         ///< Of the whole run, in the order in which they were written.
  std::vector<SegmentTable> segments;      ///< One for each kind that looks at named segments.
  std::vector<SegmentFlow> flows;          ///< Of sentence pairs.
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

/// Writes JSON in order of the calls. Objects and arrays of things are indented by two spaces a level, arrays
/// of numbers stand on one line. Floats get the fewest digits that read back the same; non-finite ones become
/// null.
class ATTNVIZ_EXPORT JsonWriter {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(std::int64_t number);
  void value(int number) { value(static_cast<std::int64_t>(number)); }
  void value(float number);
  void value(bool truth);
  void null();
  void numbers(std::span<const float> values);

  template <class Value>
  void field(std::string_view name, const Value& content) {
    key(name);
    value(content);
  }

  /// The document, ended by a newline.
  std::string finish() &&;

 private:
  void open(char bracket);
  void close(char bracket);
  void before_value();
  void new_line();

  std::string out_;
  int depth_ = 0;
  bool first_ = true;       ///< Nothing yet in the innermost object or array.
  bool after_key_ = false;  ///< The next value belongs to a key.
};

/// The bytes of `file`; nothing where there is none, or it cannot be read to its end.
ATTNVIZ_EXPORT std::optional<std::string> read_bytes(const std::filesystem::path& file);

/// The version of this build, "0.1.0".
ATTNVIZ_EXPORT std::string_view version() noexcept;

/// tokens/*.json, schema attnviz.token/1. Numbers are float32 in the fewest digits that read back the same.
ATTNVIZ_EXPORT std::string token_json(const TokenMap& map);

/// manifest.json, schema attnviz.manifest/1.
ATTNVIZ_EXPORT std::string manifest_json(const Manifest& manifest);

/// manifest.json of a batch, schema attnviz.batch/1.
ATTNVIZ_EXPORT std::string batch_manifest_json(const BatchManifest& manifest);

/// "tokens/00012-Poldo.png": the index, then the label reduced to [A-Za-z0-9_-], at most 24 characters, or
/// nothing if none is left.
ATTNVIZ_EXPORT std::string token_file(std::int64_t index, std::string_view label, std::string_view extension);

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
ATTNVIZ_EXPORT void npz(std::span<const NpzArray> arrays, const WriteAt& write);
/// The same in memory.
ATTNVIZ_EXPORT std::string npz(std::span<const NpzArray> arrays);

/// A folder of results. Files appear whole or not at all: a temporary name, then a rename. Every failure is
/// kOutput and names the path and the system's reason. write() may be called from several threads.
class ATTNVIZ_EXPORT OutputDirectory {
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
ATTNVIZ_EXPORT std::optional<std::int64_t> outputs_of_whole_run(const std::filesystem::path& folder,
                                                                std::string_view sha256,
                                                                const ManifestOptions& options);

/// The folder of a batch: a folder for each record, and a manifest that says what became of each. Failures
/// are kOutput. Not for several threads; the folders that open() gives are independent of each other.
class ATTNVIZ_EXPORT BatchDirectory {
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

// ------------------------------------------------------------------------------------ the files of a run

/// What is left when the model has run: everything that the files of a run are made of.
struct RunMaps {
  std::vector<TokenMap> tokens;                  ///< One for each output token that is shown, ascending.
  std::vector<const ReductionInfo*> reductions;  ///< That are shown, in that order; `maps` may hold more.
  AttentionMaps maps;                            ///< What `tokens` were made from.
  Sequences sequences;                           ///< As the maps show them.
  Side asking = Side::kSource;                   ///< Whose units the tokens are.
  bool causal = false;                           ///< Queries of that side do not look ahead.
  Manifest manifest;                             ///< Whole but for the files.
};

/// Which formats are written, and how.
struct WriterOptions {
  bool png = true;
  bool npz = false;
  RenderOptions render;
  int workers = 1;  ///< Threads that call RunWriter::token().
};

/// One format of the files of runs, one run after the other. Keeps what it has read, as fonts, from one run
/// to the next. All throw kOutput and what drawing throws.
class ATTNVIZ_EXPORT RunWriter {
 public:
  virtual ~RunWriter() = default;
  /// A run begins, which stays as it is until finish().
  virtual void begin(const RunMaps& /*run*/) {}
  /// Writes the file of run.tokens[index], enters it into `output` and returns its path; nothing where the
  /// format has none. Called once for each token, in any order, from several threads, each with a
  /// `worker` of its own below WriterOptions::workers.
  virtual std::optional<std::string> token(const RunMaps& /*run*/, std::size_t /*index*/, int /*worker*/,
                                           OutputDirectory& /*folder*/, ManifestOutput& /*output*/) {
    return std::nullopt;
  }
  /// Writes the files of the whole run after its last token, enters them and what there is to warn of into
  /// run.manifest, and returns their paths. May take `run.maps` apart.
  virtual std::vector<std::string> finish(RunMaps& /*run*/, OutputDirectory& /*folder*/, Listener&) {
    return {};
  }
};

/// The formats that are asked for, in the order in which their files are listed: PNG, JSON (always), NPZ.
ATTNVIZ_EXPORT std::vector<std::unique_ptr<RunWriter>> make_run_writers(const WriterOptions& options);

/// Segments × output tokens, for each kind that looks at named segments.
ATTNVIZ_EXPORT std::vector<SegmentTable> segment_tables(std::span<const TokenMap> tokens);

}  // namespace attnviz::report

namespace attnviz {

using report::batch_manifest_json;
using report::BatchDirectory;
using report::BatchEntry;
using report::BatchManifest;
using report::JsonWriter;
using report::make_run_writers;
using report::Manifest;
using report::manifest_json;
using report::ManifestFile;
using report::ManifestModel;
using report::ManifestOptions;
using report::ManifestOutput;
using report::npz;
using report::NpzArray;
using report::OptionValue;
using report::OutputDirectory;
using report::outputs_of_whole_run;
using report::read_bytes;
using report::RunMaps;
using report::RunWriter;
using report::segment_tables;
using report::SegmentTable;
using report::token_file;
using report::token_json;
using report::version;
using report::WriteAt;
using report::WriterOptions;

}  // namespace attnviz
