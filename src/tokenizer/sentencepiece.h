/// SentencePiece models: the file, its normalizer and its two algorithms, as SentencePiece itself does them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/components.h"

namespace attnviz::tokenizer {

struct SentencePieceFile {
  enum class Type { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };
  struct Piece {
    std::string text;
    float score = 0;
    Type type = Type::kNormal;
  };
  std::vector<Piece> pieces;  ///< By id.
  int model_type = 1;         ///< 1 Unigram, 2 BPE, 3 words, 4 characters.
  bool byte_fallback = false;
  bool whitespace_as_suffix = false;
  std::string character_map;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
};

/// Throws Error(kInput) naming `where`.
SentencePieceFile read_sentencepiece(std::string_view bytes, const std::string& where);

std::unique_ptr<Normalizer> make_sentencepiece_normalizer(const SentencePieceFile& file,
                                                          const std::string& where);
/// Throws Error(kInput) naming `where` for a model type that is neither Unigram nor BPE.
std::unique_ptr<PieceModel> make_sentencepiece_model(const SentencePieceFile& file, const std::string& where);
std::unique_ptr<Decoder> make_sentencepiece_decoder(const SentencePieceFile& file);

}  // namespace attnviz::tokenizer
