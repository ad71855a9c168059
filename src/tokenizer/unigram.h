/// Unigram: the most likely cut of a word into pieces.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tokenizer/components.h"

namespace attnviz::tokenizer {

/// What an unknown character's score lies below the lowest of all pieces, a log-probability.
inline constexpr double kUnknownPenalty = 10;

struct UnigramPiece {
  std::string_view text;
  double score = 0;  ///< Log-probability.
};

/// The id of a piece is its place in `pieces`. Sums are kept in double precision, as in the reference. Throws
/// Error(kInput) naming `where` when `unknown` is no id.
std::unique_ptr<PieceModel> make_unigram(const std::vector<UnigramPiece>& pieces,
                                         std::optional<std::uint32_t> unknown, bool byte_fallback,
                                         const std::string& where);

}  // namespace attnviz::tokenizer
