/// WordLevel: every word is one piece, or unknown.
#pragma once

#include <memory>
#include <string>

#include "tokenizer/components.h"
#include "tokenizer/vocabulary.h"

namespace attnviz::tokenizer {

std::unique_ptr<PieceModel> make_wordlevel(Vocabulary vocabulary, std::string unknown);

}  // namespace attnviz::tokenizer
