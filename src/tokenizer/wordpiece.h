/// WordPiece: the longest piece from the left, again and again; a word that does not come out is unknown.
#pragma once

#include <memory>
#include <string>

#include "tokenizer/components.h"
#include "tokenizer/vocabulary.h"

namespace attnviz::tokenizer {

struct WordPieceOptions {
  std::string unknown = "[UNK]";
  std::string continuing_prefix = "##";
  std::uint32_t longest_word = 100;  ///< In characters; a longer word is unknown.
};

std::unique_ptr<PieceModel> make_wordpiece(Vocabulary vocabulary, WordPieceOptions options);

}  // namespace attnviz::tokenizer
