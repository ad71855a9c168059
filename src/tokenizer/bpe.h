/// Byte pair encoding: the pieces of a word are merged pair by pair in the order of their rank.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/components.h"
#include "tokenizer/vocabulary.h"

namespace attnviz::tokenizer {

struct BpeOptions {
  std::optional<std::string> unknown;  ///< Piece for characters that are in no other.
  std::string continuing_prefix;       ///< Before every character of a word but the first: "##".
  std::string end_suffix;              ///< Behind the last character of a word: "</w>".
  bool fuse_unknown = false;           ///< Neighbouring unknown characters become one token.
  bool byte_fallback = false;          ///< Unknown characters become "<0xF0>"… where all are there.
  bool ignore_merges = false;          ///< A word that is a piece is never taken apart.
};

using MergePair = std::pair<std::string_view, std::string_view>;

/// `merges` in the order of their rank. Throws Error(kInput) naming `where` when one has a part or a result
/// that is not in the vocabulary, or when the unknown piece is not.
std::unique_ptr<PieceModel> make_bpe(Vocabulary vocabulary, const std::vector<MergePair>& merges,
                                     BpeOptions options, const std::string& where);

}  // namespace attnviz::tokenizer
