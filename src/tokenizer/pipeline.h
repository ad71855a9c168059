/// A tokenizer made of the stages of components.h.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "attnviz/tokenizer.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/components.h"
#include "tokenizer/labels.h"

namespace attnviz::tokenizer {

/// The reference cuts sequences that are too long when the file says so.
struct Truncation {
  enum class Strategy { kLongestFirst, kOnlyFirst, kOnlySecond };
  std::size_t max_length = 0;
  Strategy strategy = Strategy::kLongestFirst;
  bool keep_end = false;  ///< "Left": cut at the beginning.
};

/// Everything but the model may be missing.
struct Pipeline {
  std::unique_ptr<Normalizer> normalizer;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::unique_ptr<PieceModel> model;
  std::unique_ptr<PostProcessor> post_processor;
  std::unique_ptr<Decoder> decoder;
  AddedTokens added_tokens;
  std::optional<Truncation> truncation;
  Spelling spelling;
  std::string where;        ///< The file, for messages.
  std::string description;  ///< "tokenizer.json (BPE)".
};

std::unique_ptr<Tokenizer> make_tokenizer(Pipeline pipeline);

/// Cuts `parts` to what `truncation` and `added` template tokens leave room for; returns how many tokens are
/// gone. Throws Error(kInput) naming `where` when the strategy cannot do it.
std::int64_t truncate(std::vector<Part>& parts, const Truncation& truncation, std::size_t added,
                      const std::string& where);

}  // namespace attnviz::tokenizer
