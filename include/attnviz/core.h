/// The nouns that every room speaks of. Plain values; nothing here computes attention, reads files or prints.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attnviz/export.h"

namespace at {
class Tensor;
}

namespace attnviz {

// ------------------------------------------------------------------------------------- errors, listening

/// Whose fault it is. Decides the exit code of the command (see the README, "Exit codes").
enum class ErrorKind {
  kUsage,        ///< The caller asked for something that makes no sense.
  kInput,        ///< The model, a companion file or the text cannot be used.
  kOutput,       ///< A result cannot be created or written.
  kInterrupted,  ///< The listener said `cancelled()`.
};

/// The only exception that leaves the library. `what()` is one sentence that names the input, what was found,
/// what was expected and what to do; `detail()` is what a library below said, for `--verbose`, and may be
/// empty.
class ATTNVIZ_EXPORT Error : public std::runtime_error {
 public:
  /// A NUL in `sentence`, which would end what(), becomes U+FFFD.
  Error(ErrorKind kind, std::string_view sentence, std::string detail = {});
  ErrorKind kind() const noexcept { return kind_; }
  const std::string& detail() const noexcept { return detail_; }

 private:
  ErrorKind kind_;
  std::string detail_;
};

/// What long work tells its caller, and how the caller stops it. Calls come from the thread that called the
/// library.
class ATTNVIZ_EXPORT Listener {
 public:
  virtual ~Listener() = default;
  /// One sentence that the user should read; the work goes on.
  virtual void warning(std::string_view /*sentence*/) {}
  /// The same of a sentence about the model, which holds for whatever it is run on: to say it once is enough.
  virtual void model_warning(std::string_view sentence) { warning(sentence); }
  /// One sentence for `--verbose`.
  virtual void detail(std::string_view /*sentence*/) {}
  /// `done` of `total` units of `what` ("generating", "writing maps", "records") are finished; `total` is 0
  /// where it is not known.
  virtual void progress(std::string_view /*what*/, std::int64_t /*done*/, std::int64_t /*total*/) {}
  /// Polled between units of work; true ends it with ErrorKind::kInterrupted.
  virtual bool cancelled() const { return false; }
};

/// Throws kInterrupted where `listener` says so.
ATTNVIZ_EXPORT void stop_if_cancelled(const Listener& listener);

/// A file that belongs to a model, read already.
struct CompanionFile {
  std::string name;   ///< "tokenizer.json", "vocab.txt", …: says what the bytes are.
  std::string where;  ///< For messages: the path, or "tokenizer.json in model.pt".
  std::string bytes;
};

// -------------------------------------------------------------------------------------- units, sequences

/// Half-open range [begin, end): of bytes of a UTF-8 text, or of positions of a sequence.
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

/// Bytes of a text that a unit is drawn on.
struct TextSpan : Span {
  /// Of `Sequence::pair`; else of `Sequence::text` and, behind it, `Sequence::generated`.
  bool pair = false;
  friend bool operator==(const TextSpan&, const TextSpan&) = default;
};

/// Where a unit lies in what the model was given: nowhere, as what a template adds, or on a part of the text.
using Place = std::variant<std::monostate, TextSpan>;

/// What one position of the model's input or output stands for: a token, or the tokens of a word.
struct ATTNVIZ_EXPORT Unit {
  std::int64_t id = 0;  ///< In the vocabulary.
  std::string piece;  ///< As the vocabulary spells it: "Ġthe", "##ing", "▁the". Empty without a tokenizer.
  std::string label;  ///< As people read it: "the", "ing", "F0 9F…", "[SEP]", "#318" without a tokenizer.
  Place place;
  int segment = -1;  ///< Index into `Sequence::segments`, -1 outside of every one.
  /// A control token of the vocabulary, put there by a template or written in the text.
  bool special = false;
  bool generated = false;  ///< The model wrote it itself.

  /// Null where the unit lies on no text.
  const TextSpan* text() const noexcept { return std::get_if<TextSpan>(&place); }
};

/// A named part of the text: one retrieved fact, the question. An empty name is glue between the others.
struct Segment {
  std::string name;
  TextSpan span;  ///< Never of generated text.
};

/// Name under which masses and pictures show what the model wrote itself.
constexpr std::string_view kGeneratedSegment = "generated";

/// What one side of a model reads and writes, position by position.
struct Sequence {
  std::string text;               ///< The input, UTF-8. Empty when only ids were given.
  std::string pair;               ///< The second sentence of a pair, UTF-8.
  std::string generated;          ///< What the model wrote after `text`; its spans begin at `text.size()`.
  std::vector<Unit> units;        ///< Positions 0, 1, 2 …, generated ones last.
  std::vector<Segment> segments;  ///< In order of `text`; empty when the text was given whole.
  /// Where positions were merged into words: which of them each of `units` stands for, in order and without
  /// overlap. Empty: one each.
  std::vector<Span> merged;

  /// The first position that `units[index]` stands for.
  std::int64_t position_of(std::int64_t index) const {
    return merged.empty() ? index : merged[static_cast<std::size_t>(index)].begin;
  }
};

/// Sets `Unit::segment` of every unit of `sequence` to the segment that holds most of its bytes (the first of
/// equals). A unit of the template, without bytes, or of a generated text belongs to none.
ATTNVIZ_EXPORT void assign_segments(Sequence& sequence);

/// A control token that `--special drop` takes away: put there by a template, generated, or written out in
/// the text. An unknown character, which vocabularies call special too, is text.
ATTNVIZ_EXPORT bool is_control(const Sequence& sequence, const Unit& unit);

/// The bytes of `sequence` that `span` covers, as far as they are there.
ATTNVIZ_EXPORT std::string_view bytes_of(const Sequence& sequence, const TextSpan& span);

/// Byte offset of the first byte that is not well-formed UTF-8 (overlong forms, surrogates and code points
/// above U+10FFFF are not), or nothing.
ATTNVIZ_EXPORT std::optional<std::size_t> find_invalid_utf8(std::string_view bytes) noexcept;

// --------------------------------------------------------------------------------------------- attention

/// Whose queries look at whose keys.
enum class AttentionKind {
  kSelf,     ///< A model with one stack: an encoder, or a causal language model.
  kEncoder,  ///< The encoder of an encoder–decoder, over the source.
  kDecoder,  ///< The decoder of an encoder–decoder, over its own past.
  kCross,    ///< The decoder's queries over the source.
};
/// "self", "encoder", "decoder", "cross".
ATTNVIZ_EXPORT std::string_view to_string(AttentionKind kind) noexcept;

/// All kinds, in the order in which a run's results are laid out.
inline constexpr std::array kAttentionKinds = {AttentionKind::kSelf, AttentionKind::kCross,
                                               AttentionKind::kDecoder, AttentionKind::kEncoder};

/// The two sequences of an encoder–decoder; a model with one stack has the source alone.
enum class Side { kSource, kTarget };

/// What the rows and columns of a kind of attention are: query i is position i of the side `queries`, key j
/// position j of `keys`.
struct Axes {
  Side queries = Side::kSource;
  Side keys = Side::kSource;
  /// In a causal model no query of this kind sees a key after its own.
  bool may_be_causal = false;
  /// Queries look at their own sequence: only then has a row a column of its own, and one before it.
  bool within_one() const noexcept { return queries == keys; }
};
ATTNVIZ_EXPORT Axes axes_of(AttentionKind kind) noexcept;

/// The sequences of a run.
struct Sequences {
  std::shared_ptr<const Sequence> source;
  std::shared_ptr<const Sequence> target;  ///< Null for models with one stack.
  const std::shared_ptr<const Sequence>& of(Side side) const noexcept {
    return side == Side::kTarget ? target : source;
  }
};

/// One layer's attention for a block of query rows. Non-owning: valid only inside
/// AttentionConsumer::on_block(). Blocks of one layer come in order of their rows, without gaps or overlap,
/// before any block of the next layer of that kind.
struct AttentionBlock {
  int layer = 0;  ///< Counted for each kind; 0 is closest to the input.
  AttentionKind kind = AttentionKind::kSelf;
  std::int64_t first_query = 0;  ///< Row 0 of `weights` is this query position.
  std::int64_t queries = 0;      ///< Query positions of the whole layer; the last block ends there.
  const at::Tensor& weights;     ///< [heads, rows, keys], float32, on the model's device; rows sum to 1.
  /// Keys of the layer after those of `weights`, which no row of the block sees: their weight is 0.
  std::int64_t hidden_keys = 0;
};

/// A weight of a key after its query tells of looking ahead only above this: a mask of −10⁴ in half precision
/// leaves less.
inline constexpr double kLooksAhead = 1e-6;

/// Which attention is wanted: of these kinds, layers and rows.
struct ATTNVIZ_EXPORT Needs {
  std::vector<AttentionKind> kinds;  ///< Empty: all.
  std::vector<int> layers;           ///< Ascending; empty: all.
  std::int64_t first_query = 0;      ///< Rows before this one are not wanted.

  bool kind(AttentionKind kind) const noexcept;
  bool layer(int layer) const noexcept;
};
/// What serves both.
ATTNVIZ_EXPORT Needs operator|(const Needs& a, const Needs& b);

/// Receives attention while the model runs. Works on the device that the block is on; keeps nothing of it by
/// reference.
class ATTNVIZ_EXPORT AttentionConsumer {
 public:
  virtual ~AttentionConsumer() = default;
  /// What on_block() has to be called with, and nothing else: what a consumer finds never depends on what
  /// others need. Constant for its life. All, unless it says otherwise.
  virtual Needs needs() const { return {}; }
  virtual void on_block(const AttentionBlock& block) = 0;
};

/// One way to reduce attention over heads and layers. Rooms know of a reduction only what stands here; the
/// table of all is known_reductions() of aggregate.h.
struct ReductionInfo {
  std::string_view name;  ///< Of options and files: "mean".
  /// Its rows sum to what the attention's rows do, 1: they may be summed over a passage, are scaled up when
  /// columns are dropped, and are compared as distributions.
  bool distribution = false;
  /// At layer l it is of everything from the input up to l, through all layers, rows and stacks; otherwise of
  /// the heads of layer l alone.
  bool through_layers = false;
  /// What `overall` is of the layers, in captions: "mean", "largest". Unused with `through_layers`, where it
  /// is the last layer's row.
  std::string_view over_layers = {};
};

/// The attention of one kind under one reduction, for the query rows that were asked for.
struct ATTNVIZ_EXPORT AttentionMap {
  AttentionKind kind = AttentionKind::kSelf;
  const ReductionInfo* reduction = nullptr;  ///< Of the table; never null in a finished map.
  std::vector<int> layers;                   ///< Which layer each slab of `by_layer` is.
  std::vector<std::int64_t> queries;         ///< Which query position each row is.
  std::int64_t keys = 0;
  /// [layers, queries, keys], over heads; rollout: from the input up to that layer.
  std::vector<float> by_layer;
  /// [queries, keys]: mean of means, max of maxima, min of minima, the last rollout.
  std::vector<float> overall;
  std::vector<std::uint8_t> dropped;  ///< [keys], 1: the column was dropped and holds 0; empty: none was.
  std::vector<std::string> removed;   ///< What the dropped columns are: "special tokens", "sinks".
  std::vector<float> removed_mass;    ///< [queries], the mean over layers of what dropped columns held.

  /// Row of `by_layer`: the keys as seen by queries[query] in layers[layer].
  std::span<const float> row(std::size_t layer, std::size_t query) const;
  /// Row of `overall`.
  std::span<const float> overall_row(std::size_t query) const;
};

/// Every head, kept only when asked for (`--per-head`).
struct HeadMap {
  AttentionKind kind = AttentionKind::kSelf;
  std::vector<int> layers;
  std::vector<int> heads;  ///< Which head each row of a slab is.
  std::vector<std::int64_t> queries;
  std::int64_t keys = 0;
  std::vector<float> weights;  ///< [layers, heads, queries, keys].
};

/// What is wrong, or not, with the attention of one layer, in the rows that were reduced.
struct LayerAudit {
  AttentionKind kind = AttentionKind::kSelf;
  int layer = 0;
  int heads = 0;
  double row_sum_error = 0;     ///< The largest |row sum − 1|.
  std::int64_t non_finite = 0;  ///< Weights that are NaN or infinite.
  bool square = false;          ///< As many keys as queries, of the same text.
  double above_diagonal = 0;    ///< The largest weight of a key after its query; square layers only.
};

/// What is left of a run.
struct ATTNVIZ_EXPORT AttentionMaps {
  std::vector<AttentionMap> maps;   ///< For each reduction in the order asked for, one for each kind.
  std::vector<HeadMap> heads;       ///< One for each kind; empty unless every head was asked for.
  std::vector<int> selected_heads;  ///< The heads that were reduced over, where not all were; empty: all.
  std::vector<LayerAudit> audit;    ///< One for each layer of each kind that was seen, in order of execution.

  /// Null if there is none.
  const AttentionMap* find(AttentionKind kind, const ReductionInfo& reduction) const noexcept;
};

// ----------------------------------------------------------------------------------------------- results

/// Row-major [rows, columns].
struct Matrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<float> values;
  float at(std::int64_t row, std::int64_t column) const {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
};

/// What one head does, averaged over all query rows of its layer (formulas and sources: aggregate.h), and a
/// picture of it.
struct HeadSummary {
  AttentionKind kind = AttentionKind::kSelf;
  int layer = 0;
  int head = 0;
  double entropy = 0;               ///< Bits, of a row.
  double sink = 0;                  ///< Weight on the first key.
  double previous = 0;              ///< Weight on the key before the query; 0 for cross attention.
  double self = 0;                  ///< Weight on the query's own key; 0 for cross attention.
  std::optional<double> induction;  ///< Weight on what followed an earlier equal token; where tokens repeat.
  std::optional<double> duplicate;  ///< Weight on earlier equal tokens; where tokens repeat.
  std::int64_t queries = 0;         ///< Of the layer: how many rows the means are over; 0: not known.
  std::int64_t keys = 0;            ///< Likewise; queries × keys is what `thumbnail` was pooled from.
  Matrix thumbnail;                 ///< [≤ queries, ≤ keys], max-pooled to the size at which it is shown.
};

/// How much of the attention of each part of a text goes to each part, layer by layer.
struct SegmentFlow {
  AttentionKind kind = AttentionKind::kSelf;
  std::vector<std::string> names;  ///< "" for tokens outside of every part.
  std::vector<int> layers;
  /// One [from, to] a layer: mean over heads and the rows of `from`, sum over `to`.
  std::vector<Matrix> masses;
};

/// One reduction as one output token sees it.
struct ReducedAttention {
  const ReductionInfo* reduction = nullptr;
  Matrix layers;               ///< [layers, sources].
  std::vector<float> overall;  ///< [sources].
};

/// Sum of the mean attention over the tokens of a segment; all masses of a view sum to 1.
struct SegmentMass {
  std::string name;  ///< "" for glue and template tokens, "generated" for what the model wrote itself.
  double mass = 0;
};

/// What one output token looked at, in one kind of attention.
struct AttentionView {
  AttentionKind kind = AttentionKind::kSelf;
  std::shared_ptr<const Sequence> sequence;  ///< What is looked at.
  std::vector<std::int64_t> sources;         ///< Indices into `sequence->units`, one for each column.
  std::vector<int> layers;                   ///< Which layer each row of `ReducedAttention::layers` is.
  std::vector<ReducedAttention> reductions;  ///< In the order asked for.
  std::vector<int> selected_heads;    ///< The heads that were reduced over, where not all were; empty: all.
  std::vector<int> heads;             ///< Which head each row of `per_head` is; empty unless asked for.
  std::vector<Matrix> per_head;       ///< One [heads, sources] for each layer; empty unless asked for.
  std::vector<SegmentMass> segments;  ///< Empty when segments are not named.
  double removed_mass = 0;            ///< Mean attention that dropping special tokens or sinks took away.
  /// What was dropped, "special tokens" or "sinks"; `sources` lacks it, and rows of mean and rollout were
  /// re-normalised.
  std::vector<std::string> removed;
};

/// One thing that the model put out.
struct OutputToken {
  std::int64_t index = 0;  ///< Position in the sequence; of a word, that of its first token.
  std::int64_t id = 0;
  std::string text;         ///< As people read it.
  std::int64_t query = 0;   ///< The position whose attention produced it; of a word, the last of them.
  std::int64_t tokens = 1;  ///< How many tokens it stands for: more than 1 for a word.
  bool generated = false;
  std::optional<double> probability;  ///< The model's own, for generated tokens.
};

/// Everything that is drawn and written for one output token.
struct TokenMap {
  OutputToken token;
  std::vector<AttentionView> views;
};

}  // namespace attnviz
