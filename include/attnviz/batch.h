/// The run loop: one input in, one folder of maps out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "attnviz/aggregate.h"
#include "attnviz/core.h"
#include "attnviz/model.h"
#include "attnviz/render.h"
#include "attnviz/report.h"
#include "attnviz/tokenizer.h"

namespace attnviz {

/// A part of an input, as it was given: `--segment NAME=TEXT`.
struct NamedText {
  std::string name;  ///< Empty: glue.
  std::string text;
};

/// What to run the model on. Exactly one of `text`, `segments` and `ids` is given.
struct InputRecord {
  std::optional<std::string> text;
  std::vector<NamedText> segments;       ///< Joined in order as they are.
  std::vector<std::int64_t> ids;         ///< Needs no tokenizer.
  std::optional<std::string> pair;       ///< Second sentence of a pair; both become segments, "A" and "B".
  std::optional<std::string> target;     ///< Decoder side of an encoder–decoder.
  std::vector<std::int64_t> target_ids;  ///< The same as ids.
  std::optional<std::int64_t> generate;  ///< At most so many tokens, greedy; the maps are theirs.
  std::vector<std::int64_t> tokens;      ///< Output tokens to make maps of, ascending; empty: all.
};

/// Tokenizers of a model.
struct Tokenizers {
  const Tokenizer* source = nullptr;  ///< Null: only ids can be given.
  const Tokenizer* target = nullptr;  ///< For the decoder's side; null: `source` serves both.

  const Tokenizer* of_target() const noexcept { return target != nullptr ? target : source; }
};

/// How attention becomes maps.
struct ExportOptions {
  std::vector<std::string> reductions = {"mean", "max", "rollout"};
  double rollout_residual = 0.5;
  std::vector<AttentionKind> kinds;  ///< Empty: self, or cross and decoder.
  std::vector<int> layers;           ///< Empty: all.
  std::vector<int> heads;            ///< Empty: all.
  bool per_head = false;
  bool words = false;         ///< Merges tokens into words.
  bool drop_special = false;  ///< Without special tokens, as sources and as output tokens.
  bool drop_sinks = false;    ///< Without attention sinks as sources (a second run finds them).
  bool png = true;
  bool npz = false;
  RenderOptions render;
  int workers = 1;  ///< Threads that draw and write; the model's own are set where it is loaded.
};

/// What a run left behind.
struct ExportResult {
  std::vector<std::string> paths;  ///< Files written, in order of output tokens, the manifest last.
  std::string generated;           ///< What the model wrote.
};

/// Encodes the input of `record` and ties its tokens to its segments. `tokenizer` may be null for ids; with
/// one, ids get their labels. Throws kUsage for a segment name that is taken and for a pair of what is no
/// plain text, kInput for text without a tokenizer and for invalid UTF-8.
Encoding encode_record(const InputRecord& record, const Tokenizer* tokenizer);

/// The decoder's side of `record`: the start token that `config` names (`decoder_start`, else bos) unless the
/// target begins with it, then the target; alone the start token where there is none. Template tokens are
/// left out where the target is only a beginning, with `generate`. Throws like encode_record, and kInput when
/// there is neither a target nor a start token.
Encoding encode_target(const InputRecord& record, const Tokenizer* tokenizer, const ModelConfig& config);

/// Appends generated tokens to `encoding`, with their labels and their spans of Encoding::generated.
void append_generated(Encoding& encoding, const std::vector<std::int64_t>& ids, const Tokenizer* tokenizer);

/// Runs the model on `record` and writes its maps: tokens/…png and …json, overview.png, segments.png,
/// attention.npz, then manifest.json. Throws kInput (also for non-finite attention: nothing is drawn then),
/// kOutput, kUsage, kInterrupted. `options_for_manifest` is written as it is.
ExportResult export_maps(Model& model, const Tokenizers& tokenizers, const InputRecord& record,
                         const ExportOptions& options,
                         const std::vector<std::pair<std::string, OptionValue>>& options_for_manifest,
                         OutputDirectory& folder, Listener& listener);

/// How two folders of maps are compared.
struct DiffOptions {
  bool png = true;
  RenderOptions render;  ///< `top` is not asked: all pictures share the largest change.
};

/// What a comparison found: a RunDiff of two runs, a BatchDiff of two batches.
using MapsDiff = std::variant<RunDiff, BatchDiff>;

/// Compares the maps in `a`, the run before, with those in `b`. Into `folder`, unless it is null, go
/// tokens/…png, overview.png, and last diff.json; of batches a folder for each record, and diff.json. Throws
/// kInput for folders that cannot be read or compared (of a batch's records this is kept in the result),
/// kOutput, kInterrupted.
MapsDiff diff_maps(const std::filesystem::path& a, const std::filesystem::path& b, const DiffOptions& options,
                   OutputDirectory* folder, Listener& listener);

}  // namespace attnviz
