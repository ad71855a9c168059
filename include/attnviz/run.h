/// The run loop: one input in, one folder of maps out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "attnviz/aggregate.h"
#include "attnviz/core.h"
#include "attnviz/export.h"
#include "attnviz/model.h"
#include "attnviz/render.h"
#include "attnviz/report.h"
#include "attnviz/tokenizer.h"

namespace attnviz::run {

/// A part of an input, as it was given: `--segment NAME=TEXT`.
struct NamedText {
  std::string name;  ///< Empty: glue.
  std::string text;
};

/// Which output tokens are asked for; none of both: all.
struct ATTNVIZ_EXPORT TokenSelection {
  /// Ascending, each once; −1 is the last output token, −2 the one before.
  std::vector<std::int64_t> positions;
  std::vector<std::string> names;  ///< Labels of special tokens: "[CLS]".

  bool empty() const noexcept { return positions.empty() && names.empty(); }
};

/// "3,7-12,-1,[CLS]": positions from −1,000,000 to 1,000,000, ranges with both ends included, and names,
/// which begin with neither a digit nor '-'. Throws kUsage naming `what` they are given to.
ATTNVIZ_EXPORT TokenSelection parse_tokens(std::string_view what, std::string_view text);
/// "3,7-12": numbers from 0 to 1,000,000 and ranges with both ends included; ascending, each once. Throws
/// kUsage naming `what` they are given to.
ATTNVIZ_EXPORT std::vector<std::int64_t> parse_selection(std::string_view what, std::string_view text);
/// As the manifest has it: numbers where all are positions from the start, else strings.
ATTNVIZ_EXPORT OptionValue option_value(const TokenSelection& selection);

/// What to run the model on. Exactly one of `text`, `segments` and `ids` is given.
struct InputRecord {
  std::optional<std::string> text;
  std::vector<NamedText> segments;       ///< Joined in order as they are.
  std::vector<std::int64_t> ids;         ///< Needs no tokenizer.
  std::optional<std::string> pair;       ///< Second sentence of a pair; both become segments, "A" and "B".
  std::optional<std::string> target;     ///< Decoder side of an encoder–decoder.
  std::vector<std::int64_t> target_ids;  ///< The same as ids.
  std::optional<std::int64_t> generate;  ///< At most so many tokens, greedy; the maps are theirs.
  TokenSelection tokens;                 ///< Output tokens to make maps of.
};

/// Tokenizers of a model.
struct Tokenizers {
  const Tokenizer* source = nullptr;  ///< Null: only ids can be given.
  const Tokenizer* target = nullptr;  ///< For the decoder's side; null: `source` serves both.

  const Tokenizer* of_target() const noexcept { return target != nullptr ? target : source; }
};

/// How attention becomes maps.
struct ExportOptions {
  std::vector<const ReductionInfo*> reductions;  ///< Empty: default_reductions().
  double rollout_residual = 0.5;
  std::vector<AttentionKind> kinds;  ///< Empty: self, or cross and decoder.
  std::vector<int> layers;           ///< Empty: all.
  std::vector<int> heads;            ///< Empty: all.
  bool per_head = false;
  bool words = false;         ///< Merges tokens into words.
  bool drop_special = false;  ///< Without special tokens, as sources and, unless asked for, as output tokens.
  bool drop_sinks = false;    ///< Without attention sinks as sources (a second run finds them).
  bool png = true;
  bool npz = false;
  RenderOptions render;
  int workers = 1;  ///< Threads that draw and write; the model's own are set where it is loaded.
};

/// Where the time went, in seconds.
struct PhaseSeconds {
  double run = 0;    ///< Encoding, generating, and running the model.
  double write = 0;  ///< Drawing and writing; of a batch, the sum over its threads.
};

/// What a run left behind.
struct ExportResult {
  std::vector<std::string> paths;  ///< Files written, in order of output tokens, the manifest last.
  std::string generated;           ///< What the model wrote.
  PhaseSeconds seconds;
};

/// Runs the model on `record` and writes its maps: tokens/…png and …json, overview.png, segments.png,
/// attention.npz, then manifest.json. Throws kInput (also for non-finite attention: nothing is drawn then),
/// kOutput, kUsage, kInterrupted. `options_for_manifest` is written as it is.
ATTNVIZ_EXPORT ExportResult export_maps(Model& model, const Tokenizers& tokenizers, const InputRecord& record,
                                        const ExportOptions& options,
                                        const ManifestOptions& options_for_manifest, OutputDirectory& folder,
                                        Listener& listener);

// -------------------------------------------------------------------------------------------------- batches

/// A line of a batch, read.
struct BatchLine {
  std::string id;      ///< A plain name, of the record's folder.
  InputRecord record;  ///< `generate` and `tokens` only where the line has them.
  std::string json;    ///< The line with its members in order of their names: equal for equal records.
};

/// Reads {"id": "q-001", "text": "…"} or one with "segments" or "ids", and what else a record may have; any
/// other member is refused. Throws kInput, a sentence without its subject ("has no input; …"); `line.id` is
/// set then too where it could be read.
ATTNVIZ_EXPORT void parse_batch_line(std::string_view text, BatchLine& line);

/// The record alone, which need not have an "id".
ATTNVIZ_EXPORT void parse_record(std::string_view text, InputRecord& record);

constexpr std::size_t kLongestLine = std::size_t{64} << 20U;  ///< Bytes that a line of a batch may have.

/// The lines of a file, one at a time, without holding more than one.
class ATTNVIZ_EXPORT LineReader {
 public:
  /// "-" is standard input. Throws kInput naming the file and the system's reason.
  explicit LineReader(const std::string& path);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// Goes to the next line that is not blank; false at the end. Throws kInput, kInterrupted.
  bool next(const Listener& listener);
  const std::string& line() const noexcept { return line_; }  ///< Without its end.
  bool too_long() const noexcept { return too_long_; }        ///< Of more than kLongestLine: line() is empty.
  std::int64_t number() const noexcept { return number_; }    ///< From 1 on; blank lines count.

  /// Lines to come that are not blank. Nothing where that cannot be told without reading them: a pipe.
  std::optional<std::int64_t> count() const;

 private:
  [[noreturn]] void fail(int code) const;
  bool fill(const Listener& listener);
  bool read_line(const Listener& listener);

  std::string path_;
  int file_ = -1;
  std::string block_;  ///< What was read; [begin_, end_) is to come.
  std::size_t begin_ = 0, end_ = 0;
  std::string line_;
  bool too_long_ = false;
  std::int64_t number_ = 0;
};

/// What became of a batch.
struct BatchResult {
  std::int64_t done = 0;  ///< Records with maps,
  std::int64_t kept = 0;  ///< of them those that were there before.
  std::int64_t failed = 0;
  std::string manifest;  ///< Path of the batch's manifest.
  PhaseSeconds seconds;
};

/// "line 17 (q-017)", as messages name a record.
ATTNVIZ_EXPORT std::string name_of(const BatchEntry& entry);

/// Runs the model on every record of `lines` and writes each one's maps into a folder of its own, as
/// export_maps does; `options_for_manifest` are joined there by "generate" and "tokens", of the record or of
/// `defaults` (which has nothing else), and "record", the line. Reading and the model's work overlap with
/// `options.workers` threads that draw and write; at most one record more than those is held. A record with
/// an error of kInput or kUsage, or too large for the memory, fails alone, and leaves no maps. `finished` is
/// called on this thread for each record in order, after what there is to say of it (with its name before)
/// has gone to `listener`. Throws kUsage for options that the model cannot serve; kInput when lines cannot be
/// read; kOutput and kInterrupted, after which the records that are whole stay.
ATTNVIZ_EXPORT BatchResult export_batch(Model& model, const Tokenizers& tokenizers, LineReader& lines,
                                        const InputRecord& defaults, const ExportOptions& options,
                                        const ManifestOptions& options_for_manifest, BatchDirectory& folder,
                                        const std::function<void(const BatchEntry&)>& finished,
                                        Listener& listener);

// ------------------------------------------------------------------------------------- what is printed as
// JSON

/// {"ids": […], "tokens": […], "offsets": […], "special": […]} on a line, as `attnviz tokenize` prints it.
ATTNVIZ_EXPORT std::string encoding_json(const Encoding& encoding);
/// {"error": "…"} on a line.
ATTNVIZ_EXPORT std::string error_json(std::string_view sentence);
/// What a model is, as `attnviz inspect --json` prints it.
ATTNVIZ_EXPORT std::string model_json(const ModelInfo& info, const ModelConfig& config,
                                      const Tokenizers& tokenizers);
/// Seconds of loading, of each phase and of all, as `--timings` writes them.
ATTNVIZ_EXPORT std::string timings_json(std::int64_t records, double load, const PhaseSeconds& seconds,
                                        double total);

}  // namespace attnviz::run

namespace attnviz {

using run::BatchLine;
using run::BatchResult;
using run::encoding_json;
using run::error_json;
using run::export_batch;
using run::export_maps;
using run::ExportOptions;
using run::ExportResult;
using run::InputRecord;
using run::kLongestLine;
using run::LineReader;
using run::model_json;
using run::name_of;
using run::NamedText;
using run::option_value;
using run::parse_batch_line;
using run::parse_record;
using run::parse_selection;
using run::parse_tokens;
using run::PhaseSeconds;
using run::timings_json;
using run::Tokenizers;
using run::TokenSelection;

}  // namespace attnviz
