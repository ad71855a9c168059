/// Text to ids and back, with the bytes that every token covers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/core.h"
#include "attnviz/export.h"

namespace attnviz::tokenizer {

/// One token of a text.
struct Token {
  std::int64_t id = 0;
  std::string piece;  ///< As the vocabulary spells it: "Ġthe", "##ing", "▁the".
  std::string text;   ///< As people read it: "the", "ing", "F0 9F…", "[SEP]".
  Span reference;     ///< Bytes, as the reference tokenizer reports offsets; {0, 0} for template tokens.
  std::optional<Span> span;  ///< Bytes to draw on, of `Encoding::text` (`Encoding::pair` for sequence 1).
  int sequence = 0;          ///< 0 the text, 1 its pair, -1 put there by the tokenizer's template.
  int type_id = 0;           ///< What BERT calls the token type: 0 or 1.
  int word = -1;             ///< Index of the word (pre-token) in its sequence, -1 for template tokens.
  bool special = false;      ///< A control token of the vocabulary, of a template or written in the text.
};

/// A text, its tokens, and how they lie on each other.
struct Encoding {
  std::string text;  ///< UTF-8.
  std::string pair;  ///< The second sentence of a pair, UTF-8; its tokens have `sequence` 1.
  std::vector<Token> tokens;
  std::int64_t truncated = 0;  ///< Tokens that the tokenizer's own truncation cut off.
};

/// The text of ids that come one by one, in time linear in their number. Must not outlive its tokenizer; for
/// one thread.
class ATTNVIZ_EXPORT TextStream {
 public:
  virtual ~TextStream() = default;

  /// Takes the next id, any number.
  virtual void push(std::int64_t id) = 0;

  /// The beginning of the text, which stays whatever ids follow. push() appends to it. Whole characters.
  virtual const std::string& settled() const noexcept = 0;

  /// What stands behind it if no id follows: settled() + pending() is decode() of all ids so far. A few
  /// bytes; with byte fallback the run of byte tokens; all of the text where a file has steps that look at
  /// the whole of it.
  virtual std::string pending() const = 0;
};

/// Immutable after loading; safe to use from several threads.
class ATTNVIZ_EXPORT Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Encodes `text`, with `pair` as second sentence where given, exactly as the reference does. `special`:
  /// with the tokens of the template ([CLS], <s>), as models expect. Throws kInput for invalid UTF-8, naming
  /// the byte offset.
  virtual Encoding encode(std::string_view text, std::optional<std::string_view> pair = std::nullopt,
                          bool special = true) const = 0;

  /// Token of an id that has no place in a text (a generated one): id, piece, text and special are set.
  /// An id outside of the vocabulary is labelled "#id".
  virtual Token token(std::int64_t id) const = 0;

  /// Text of `ids` as the decoder of the file writes it, special tokens left out. Bytes that are no UTF-8
  /// become U+FFFD.
  virtual std::string decode(std::span<const std::int64_t> ids) const = 0;

  /// decode() for ids that come one by one.
  virtual std::unique_ptr<TextStream> stream() const = 0;

  /// Id of the token that stands for what the vocabulary cannot spell. Nothing where there is no such token:
  /// byte-level vocabularies spell everything, and models without one leave out what they cannot spell. A
  /// text that has this token's name in it is given the same id.
  virtual std::optional<std::int64_t> unknown_id() const { return std::nullopt; }

  /// Id of an exact vocabulary piece or added token.
  virtual std::optional<std::int64_t> id_of(std::string_view piece) const = 0;

  /// Largest id + 1.
  virtual std::int64_t size() const noexcept = 0;

  /// What it was made of, for people: "tokenizer.json (BPE)".
  virtual std::string describe() const = 0;
};

/// `encoding` as the rest of attnviz knows it: token i is unit i, on its bytes. Without segments.
ATTNVIZ_EXPORT Sequence sequence_of(const Encoding& encoding);

/// `token` as a unit; `span` and `sequence` say where it lies.
ATTNVIZ_EXPORT Unit unit_of(const Token& token);

/// `sequence` with the tokens of each word merged into one unit; `Sequence::merged` says which they are. A
/// word ends where a boundary of ICU's word iterator (root locale) lies between two tokens, where generated
/// text begins, and around special tokens and tokens without bytes; a lone space belongs to the word behind
/// it. A word has the id and flags of its first token, the text and bytes of all.
ATTNVIZ_EXPORT Sequence merge_words(const Sequence& sequence);

/// Names of the companion files that `load_tokenizer` understands.
ATTNVIZ_EXPORT std::span<const std::string_view> tokenizer_file_names() noexcept;

/// Builds a tokenizer from the companions of a model, in the order of preference tokenizer.json,
/// tokenizer.model, vocab.txt, vocab.json + merges.txt; tokenizer_config.json and special_tokens_map.json add
/// to it. Null when none of them is there. Throws kInput naming the file and the component for what is
/// malformed or not supported.
ATTNVIZ_EXPORT std::unique_ptr<Tokenizer> load_tokenizer(std::span<const CompanionFile> files);

}  // namespace attnviz::tokenizer

namespace attnviz {

using tokenizer::Encoding;
using tokenizer::load_tokenizer;
using tokenizer::merge_words;
using tokenizer::sequence_of;
using tokenizer::TextStream;
using tokenizer::Token;
using tokenizer::Tokenizer;
using tokenizer::tokenizer_file_names;
using tokenizer::unit_of;

}  // namespace attnviz
