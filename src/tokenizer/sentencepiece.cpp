#include "tokenizer/sentencepiece.h"

#include <algorithm>

#include "core/utf8.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/decoder_streams.h"
#include "tokenizer/labels.h"
#include "tokenizer/precompiled_map.h"
#include "tokenizer/protobuf.h"
#include "tokenizer/vocabulary.h"

namespace attnviz::tokenizer {
namespace {

using File = SentencePieceFile;

File::Piece read_piece(std::string_view bytes, const std::string& where) {
  File::Piece piece;
  ProtobufReader reader(bytes, where);
  while (const auto field = reader.next()) {
    if (field->number == 1 && field->is_bytes) piece.text = field->bytes;
    if (field->number == 2 && !field->is_bytes) piece.score = field->real();
    if (field->number == 3 && !field->is_bytes) {
      if (field->integer < 1 || field->integer > 6) {
        throw Error(ErrorKind::kInput,
                    where + ": piece type " + std::to_string(field->integer) + " is not supported");
      }
      piece.type = static_cast<File::Type>(field->integer);
    }
  }
  return piece;
}

void read_trainer(std::string_view bytes, const std::string& where, File& file) {
  ProtobufReader reader(bytes, where);
  while (const auto field = reader.next()) {
    if (field->is_bytes) continue;
    if (field->number == 3) file.model_type = field->integer <= 4 ? static_cast<int>(field->integer) : 0;
    if (field->number == 24) file.whitespace_as_suffix = field->flag();
    if (field->number == 35) file.byte_fallback = field->flag();
  }
}

void read_normalizer(std::string_view bytes, const std::string& where, File& file) {
  ProtobufReader reader(bytes, where);
  while (const auto field = reader.next()) {
    if (field->number == 2 && field->is_bytes) file.character_map = field->bytes;
    if (field->is_bytes) continue;
    if (field->number == 3) file.add_dummy_prefix = field->flag();
    if (field->number == 4) file.remove_extra_whitespaces = field->flag();
    if (field->number == 5) file.escape_whitespaces = field->flag();
  }
}

class SentencePieceNormalizer final : public Normalizer {
 public:
  SentencePieceNormalizer(const File& file, const std::string& where)
      : map_(file.character_map, where),
        prefix_(file.add_dummy_prefix && !file.whitespace_as_suffix),
        suffix_(file.add_dummy_prefix && file.whitespace_as_suffix),
        squeeze_(file.remove_extra_whitespaces),
        space_(file.escape_whitespaces ? kMetaspace : " ") {
    std::vector<std::pair<std::string_view, std::uint32_t>> kept;
    for (const auto& piece : file.pieces) {
      if (piece.type == File::Type::kUserDefined) kept.emplace_back(piece.text, 0);
    }
    kept_ = ByteTrie(std::move(kept));
  }

  void normalize(AlignedText& text) const override {
    Output out;
    run(text.text, out);
    AlignedText result;
    result.origin = text.origin;
    result.text = std::move(out.text);
    result.alignment.resize(result.text.size());
    for (std::size_t i = 0; i < result.text.size();) {
      const std::size_t end = i + utf8::length(result.text[i]);
      const Alignment whole{text.origin + out.source[i], text.origin + out.source[end]};
      for (; i < end; ++i) result.alignment[i] = whole;
    }
    text = std::move(result);
  }

 private:
  struct Output {
    std::string text;
    std::vector<std::uint32_t> source;  ///< For each byte where its source begins; one more at the end.
    std::uint32_t consumed = 0;
    void put(std::string_view bytes) {
      text += bytes;
      source.resize(text.size(), consumed);
    }
  };

  /// What the beginning of `input` becomes. Well-formed UTF-8 never needs a replacement character.
  PrecompiledMap::Found prefix_of(std::string_view input) const {
    std::size_t kept = 0;
    std::uint32_t node = ByteTrie::kRoot;
    for (std::size_t i = 0; i < input.size() && !kept_.empty();) {
      node = kept_.child(node, input[i++]);
      if (node == ByteTrie::kNone) break;
      if (kept_.value(node) != ByteTrie::kNone) kept = i;
    }
    if (kept > 0) return {kept, input.substr(0, kept)};
    if (const auto found = map_.longest_prefix(input)) return *found;
    const std::size_t one = utf8::length(input[0]);
    return {one, input.substr(0, one)};
  }

  void run(std::string_view input, Output& out) const {
    const auto consume = [&](std::size_t bytes) {
      input.remove_prefix(bytes);
      out.consumed += static_cast<std::uint32_t>(bytes);
    };
    while (squeeze_ && !input.empty()) {
      const auto found = prefix_of(input);
      if (found.replacement != " ") break;
      consume(found.length);
    }
    if (input.empty()) {
      out.source.push_back(out.consumed);
      return;
    }
    if (prefix_) out.put(space_);
    bool after_space = squeeze_;
    while (!input.empty()) {
      const auto found = prefix_of(input);
      std::string_view rest = found.replacement;
      while (after_space && rest.starts_with(' ')) rest.remove_prefix(1);
      if (!rest.empty()) {
        after_space = squeeze_ && rest.ends_with(' ');
        put_escaped(rest, out);
      }
      consume(found.length);
    }
    while (squeeze_ && out.text.ends_with(space_)) {
      const std::size_t length = out.text.size() - space_.size();
      out.consumed = out.source[length];
      out.text.resize(length);
      out.source.resize(length);
    }
    if (suffix_) out.put(space_);
    out.source.push_back(out.consumed);
  }

  void put_escaped(std::string_view text, Output& out) const {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t space = std::min(text.find(' ', begin), text.size());
      out.put(text.substr(begin, space - begin));
      if (space < text.size()) out.put(space_);
      begin = space + 1;
    }
  }

  PrecompiledMap map_;
  ByteTrie kept_;  ///< User-defined pieces stay as they are.
  bool prefix_;
  bool suffix_;
  bool squeeze_;
  std::string_view space_;
};

class SentencePieceDecoder final : public Decoder {
 public:
  explicit SentencePieceDecoder(bool has_prefix) : has_prefix_(has_prefix) {}
  std::unique_ptr<DecoderStream> stream() const override { return std::make_unique<Text>(has_prefix_); }
  bool fuses() const noexcept override { return true; }

 private:
  class Text final : public DecoderStream {
   public:
    explicit Text(bool has_prefix) : at_prefix_(has_prefix) {}
    void push(std::string piece, Pieces& out) override {
      if (const auto byte = fallback_byte(piece)) {
        text_.push(std::string(1, static_cast<char>(*byte)), out);
      } else {
        std::string text = replace_all(piece, kMetaspace, " ");
        if (at_prefix_ && text.starts_with(' ')) text.erase(0, 1);
        text_.push(text, out);
      }
      at_prefix_ = false;
    }
    void finish(Pieces& out) override { text_.finish(out); }
    std::unique_ptr<DecoderStream> clone() const override { return std::make_unique<Text>(*this); }

   private:
    bool at_prefix_;  ///< Before the first piece, whose space is not of the text.
    TextOfBytes text_;
  };

  bool has_prefix_;
};

}  // namespace

SentencePieceFile read_sentencepiece(std::string_view bytes, const std::string& where) {
  File file;
  ProtobufReader reader(bytes, where);
  while (const auto field = reader.next()) {
    if (!field->is_bytes) continue;
    if (field->number == 1) file.pieces.push_back(read_piece(field->bytes, where));
    if (field->number == 2) read_trainer(field->bytes, where, file);
    if (field->number == 3) read_normalizer(field->bytes, where, file);
    if (file.pieces.size() > static_cast<std::size_t>(Vocabulary::kLargestId)) {
      throw Error(ErrorKind::kInput,
                  where + " has more than " + std::to_string(Vocabulary::kLargestId) + " pieces");
    }
  }
  std::size_t unknown = 0;
  for (const File::Piece& piece : file.pieces) {
    unknown += piece.type == File::Type::kUnknown ? 1 : 0;
    if (piece.text.empty() || find_invalid_utf8(piece.text)) {
      throw Error(ErrorKind::kInput, where + " is no SentencePiece model: a piece is empty or not UTF-8");
    }
  }
  if (unknown != 1) {
    throw Error(ErrorKind::kInput, where + " is no SentencePiece model: it has " + std::to_string(unknown) +
                                       " unknown pieces, expected 1");
  }
  return file;
}

std::unique_ptr<Normalizer> make_sentencepiece_normalizer(const SentencePieceFile& file,
                                                          const std::string& where) {
  return std::make_unique<SentencePieceNormalizer>(file, where);
}

std::unique_ptr<Decoder> make_sentencepiece_decoder(const SentencePieceFile& file) {
  return std::make_unique<SentencePieceDecoder>(file.add_dummy_prefix);
}

}  // namespace attnviz::tokenizer
