/// The five stages that a tokenizer.json is made of. One class per component, one file per kind; the
/// factories below build them from their JSON and stop with Error(kInput) at what they do not know.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/core.h"
#include "tokenizer/aligned_text.h"

namespace attnviz::tokenizer {

namespace json {
struct Value;
}

// ---------------------------------------------------------------------------------------------- normalizing

/// Rewrites a piece of text before it is split.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(AlignedText& text) const = 0;
};

// ------------------------------------------------------------------------------------------------- splitting

/// A part of a text: a word for the model, [begin, end) of `PreTokenized::text`; or an added token, which
/// stays as it is, [begin, end) of `PreTokenized::found`.
struct Split {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t origin = 0;       ///< Where its slice of the input begins.
  std::int64_t added_token = -1;  ///< Id of an added token, else -1.
  Alignment covered;              ///< Of an added token.
};

/// A text in parts. Bytes between the parts belong to nothing.
struct PreTokenized {
  AlignedText text;
  std::string found;  ///< What `text` was when the added tokens were found. They may overlap.
  std::vector<Split> splits;

  std::string_view of(const Split& split) const noexcept {
    return std::string_view(split.added_token >= 0 ? found : text.text)
        .substr(split.begin, split.end - split.begin);
  }
};

/// Cuts the parts that are no added tokens into smaller ones, and may rewrite them.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void pre_tokenize(PreTokenized& words) const = 0;
};

// ---------------------------------------------------------------------------------------------------- model

/// A piece found in a word; bytes [begin, end) of the word.
struct ModelToken {
  std::uint32_t id = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// What a model may keep between the words of one call; belongs to one thread.
class Scratch {
 public:
  virtual ~Scratch() = default;
};

/// Finds the pieces of a word.
class PieceModel {
 public:
  virtual ~PieceModel() = default;
  virtual std::unique_ptr<Scratch> make_scratch(std::size_t /*text_bytes*/) const { return nullptr; }
  /// Appends the pieces of `word`, not empty, to `out`. Throws kInput when it has none and the vocabulary no
  /// unknown token.
  virtual void tokenize(std::string_view word, Scratch* scratch, std::vector<ModelToken>& out) const = 0;
  virtual std::optional<std::uint32_t> id_of(std::string_view piece) const = 0;
  virtual std::optional<std::string_view> piece(std::int64_t id) const = 0;
  virtual std::size_t size() const noexcept = 0;       ///< Number of pieces.
  virtual std::int64_t end_id() const noexcept = 0;    ///< Largest id + 1.
  virtual std::string_view name() const noexcept = 0;  ///< "BPE", "WordPiece", "Unigram", "WordLevel".
  /// Id of the unknown token, for labels.
  virtual std::optional<std::uint32_t> unknown_id() const { return std::nullopt; }
  /// Whether the reference names unknown tokens by their text instead of by the unknown piece.
  virtual bool names_unknown_by_text() const noexcept { return false; }
  /// Whether a piece has no text of its own, as <s> in SentencePiece models.
  virtual bool is_control(std::int64_t) const noexcept { return false; }
};

// ------------------------------------------------------------------------------------------ putting together

/// A token with offsets in code points of its sequence, as the reference counts them. `begin` and `end` are
/// what the post-processors may trim; `covered` is what it was before. Views into the tokenizer or the text
/// that is encoded.
struct SequenceToken {
  std::uint32_t id = 0;
  std::string_view piece;  ///< Of the vocabulary, or the matched text of an added token.
  std::int64_t begin = 0;
  std::int64_t end = 0;
  Alignment covered;  ///< In bytes.
  int sequence = 0;   ///< -1 for tokens of the template.
  int type_id = 0;
  int word = -1;
  bool added = false;  ///< An added token, found before the model.
};

/// Tokens that stay together: one sequence, or what a template puts beside it.
using Part = std::vector<SequenceToken>;

/// Puts template tokens around the sequences and trims offsets.
class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  /// Tokens that process() adds to one sequence, or to a pair.
  virtual std::size_t added_tokens(bool pair) const = 0;
  virtual void process(std::vector<Part>& parts, bool special) const = 0;
};

// ------------------------------------------------------------------------------------------------- decoding

using Pieces = std::vector<std::string>;

/// One step of turning pieces into text, on its way through the pieces of one text.
class DecoderStream {
 public:
  virtual ~DecoderStream() = default;
  /// Takes the next piece; appends to `out` what is settled by it, whatever follows.
  virtual void push(std::string piece, Pieces& out) = 0;
  /// Appends what is left when no piece follows. Nothing is pushed after it.
  virtual void finish(Pieces& out) = 0;
  virtual std::unique_ptr<DecoderStream> clone() const = 0;
};

/// Turns pieces into text: what its stream gives, concatenated. Must outlive its streams.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual std::unique_ptr<DecoderStream> stream() const = 0;
  /// Whether what comes out are the parts of one piece, for a step behind it.
  virtual bool fuses() const noexcept { return false; }
  /// A stream that takes the parts of one piece. By default it waits for all of them.
  virtual std::unique_ptr<DecoderStream> stream_of_parts() const;
};

// ------------------------------------------------------------------------------------------------ factories

/// `where` is the file for messages. A JSON null gives a null pointer.
std::unique_ptr<Normalizer> make_normalizer(const json::Value& value, const std::string& where);
std::unique_ptr<PreTokenizer> make_pre_tokenizer(const json::Value& value, const std::string& where);
std::unique_ptr<PostProcessor> make_post_processor(const json::Value& value, const std::string& where);
std::unique_ptr<Decoder> make_decoder(const json::Value& value, const std::string& where);
std::unique_ptr<PieceModel> make_model(const json::Value& value, const std::string& where);

}  // namespace attnviz::tokenizer
