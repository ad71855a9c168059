/// The nouns that every room speaks of. Plain values; nothing here computes attention, reads files or prints.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace at {
class Tensor;
}

namespace attnviz {

// ---------------------------------------------------------------------------------------------- errors,
// listening

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
class Error : public std::runtime_error {
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
class Listener {
 public:
  virtual ~Listener() = default;
  /// One sentence that the user should read; the work goes on.
  virtual void warning(std::string_view /*sentence*/) {}
  /// One sentence for `--verbose`.
  virtual void detail(std::string_view /*sentence*/) {}
  /// `done` of `total` units of `what` ("generating", "writing maps", "records") are finished; `total` is 0
  /// where it is not known.
  virtual void progress(std::string_view /*what*/, std::int64_t /*done*/, std::int64_t /*total*/) {}
  /// Polled between units of work; true ends it with ErrorKind::kInterrupted.
  virtual bool cancelled() const { return false; }
};

// ------------------------------------------------------------------------------------------------------------
// text

/// Half-open byte range [begin, end) of a UTF-8 text.
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

/// One position of a sequence of ids, tied to the text it came from.
struct Token {
  std::int64_t id = 0;
  std::string piece;  ///< As the vocabulary spells it: "Ġthe", "##ing", "▁the". Empty without a tokenizer.
  std::string text;   ///< As people read it: "the", "ing", "F0 9F…", "[SEP]", "#318" without a tokenizer.
  Span reference;     ///< Bytes, as the reference tokenizer reports offsets; {0, 0} for template tokens.
  std::optional<Span> span;  ///< Bytes to draw on, of `Encoding::text` + `generated` (`pair` for sequence 1).
  int sequence = 0;          ///< 0 the text, 1 its pair, -1 put there by the tokenizer's template.
  int type_id = 0;           ///< What BERT calls the token type: 0 or 1.
  int word = -1;             ///< Index of the word (pre-token) in its sequence, -1 for template tokens.
  int segment = -1;          ///< Index into `Encoding::segments`, -1 outside of every one.
  bool special =
      false;  ///< A control token of the vocabulary, put there by a template or written in the text.
};

/// A named part of the text: one retrieved fact, the question. An empty name is glue between the others.
struct Segment {
  std::string name;
  Span span;         ///< Bytes of `Encoding::text` (`Encoding::pair` for sequence 1).
  int sequence = 0;  ///< 0 the text, 1 its pair.
};

/// A text, its tokens, and how they lie on each other.
struct Encoding {
  std::string text;       ///< The input, UTF-8. Empty when only ids were given.
  std::string pair;       ///< The second sentence of a pair, UTF-8; its tokens have `sequence` 1.
  std::string generated;  ///< What the model wrote after `text`; its tokens' spans begin at `text.size()`.
  std::vector<Token> tokens;      ///< Positions 0, 1, 2 …, generated ones last.
  std::vector<Segment> segments;  ///< In order of `text`; empty when the text was given whole.
  std::int64_t truncated = 0;     ///< Tokens that the tokenizer's own truncation cut off.
  /// Where tokens were merged into words: which token positions each of `tokens` stands for, in order and
  /// without overlap. Empty: one each.
  std::vector<Span> merged;
};

/// Sets `Token::segment` of every token of `encoding` to the segment that holds most of its bytes (the first
/// of equals). A token of the template, without bytes, or of a generated text belongs to none.
void assign_segments(Encoding& encoding);

/// Byte offset of the first byte that is not well-formed UTF-8 (overlong forms, surrogates and code points
/// above U+10FFFF are not), or nothing.
std::optional<std::size_t> find_invalid_utf8(std::string_view bytes) noexcept;

// -------------------------------------------------------------------------------------------------------
// attention

/// Whose queries look at whose keys.
enum class AttentionKind {
  kSelf,     ///< A model with one stack: an encoder, or a causal language model.
  kEncoder,  ///< The encoder of an encoder–decoder, over the source.
  kDecoder,  ///< The decoder of an encoder–decoder, over its own past.
  kCross,    ///< The decoder's queries over the source.
};
std::string_view to_string(AttentionKind kind) noexcept;  ///< "self", "encoder", "decoder", "cross".

/// One layer's attention for a block of query rows. Non-owning: valid only inside AttentionSink::on_block().
/// Blocks of one layer come in order of their rows, without gaps or overlap, before any block of the next
/// layer of that kind.
struct AttentionBlock {
  int layer = 0;  ///< Counted for each kind; 0 is closest to the input.
  AttentionKind kind = AttentionKind::kSelf;
  std::int64_t first_query = 0;  ///< Row 0 of `weights` is this query position.
  std::int64_t queries = 0;      ///< Query positions of the whole layer; the last block ends there.
  const at::Tensor& weights;     ///< [heads, rows, keys], float32, on the model's device; rows sum to 1.
  /// Keys of the layer after those of `weights`, which no row of the block sees: their weight is 0.
  std::int64_t hidden_keys = 0;
};

/// Receives attention while the model runs. Works on the device that the block is on; keeps nothing of it by
/// reference.
class AttentionSink {
 public:
  virtual ~AttentionSink() = default;
  virtual void on_block(const AttentionBlock& block) = 0;
};

/// The attention of one kind under one reduction, for the query rows that were asked for.
struct AttentionMap {
  AttentionKind kind = AttentionKind::kSelf;
  std::string reduction;              ///< "mean", "max", "min" or "rollout".
  std::vector<int> layers;            ///< Which layer each slab of `by_layer` is.
  std::vector<std::int64_t> queries;  ///< Which query position each row is.
  std::int64_t keys = 0;
  std::vector<float>
      by_layer;  ///< [layers, queries, keys], over heads; rollout: from the input up to that layer.
  std::vector<float>
      overall;  ///< [queries, keys]: mean of means, max of maxima, min of minima, the last rollout.
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

/// What is wrong, or not, with the attention of one layer.
struct LayerAudit {
  AttentionKind kind = AttentionKind::kSelf;
  int layer = 0;
  int heads = 0;
  double row_sum_error = 0;     ///< The largest |row sum − 1|.
  std::int64_t non_finite = 0;  ///< Weights that are NaN or infinite.
  bool square = false;          ///< As many keys as queries, of the same text.
  double above_diagonal = 0;    ///< The largest weight of a key after its query; square layers only.
};

// ----------------------------------------------------------------------------------------------------------
// results

/// Row-major [rows, columns].
struct Matrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<float> values;
  float at(std::int64_t row, std::int64_t column) const {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
};

/// What one head does, averaged over its query rows (formulas and sources: aggregate.h), and a picture of it.
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
  std::int64_t queries = 0;         ///< Of the layer: what `thumbnail` was pooled from; 0: not known.
  std::int64_t keys = 0;
  Matrix thumbnail;  ///< [≤ queries, ≤ keys], max-pooled to the size at which it is shown.
};

/// How much of the attention of each part of a text goes to each part, layer by layer.
struct SegmentFlow {
  AttentionKind kind = AttentionKind::kSelf;
  std::vector<std::string> names;  ///< "" for tokens outside of every part.
  std::vector<int> layers;
  std::vector<Matrix>
      masses;  ///< One [from, to] a layer: mean over heads and the rows of `from`, sum over `to`.
};

/// One reduction as one output token sees it.
struct ReducedAttention {
  std::string reduction;
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
  std::shared_ptr<const Encoding> encoding;  ///< The text that is looked at.
  std::vector<std::int64_t> sources;         ///< Positions in `encoding->tokens`, one for each column.
  std::vector<int> layers;                   ///< Which layer each row of `ReducedAttention::layers` is.
  std::vector<ReducedAttention> reductions;  ///< In the order asked for.
  std::vector<int> selected_heads;    ///< The heads that were reduced over, where not all were; empty: all.
  std::vector<int> heads;             ///< Which head each row of `per_head` is; empty unless asked for.
  std::vector<Matrix> per_head;       ///< One [heads, sources] for each layer; empty unless asked for.
  std::vector<SegmentMass> segments;  ///< Empty when segments are not named.
  double removed_mass = 0;            ///< Mean attention that dropping special tokens or sinks took away.
  std::vector<std::string> removed;   ///< What was dropped, "special tokens" or "sinks"; `sources` lacks it,
                                      ///< and rows of mean and rollout were re-normalised.
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
