/// NFC, NFD, NFKC and NFKD that keep track of the characters they came from.
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/aligned_text.h"

namespace attnviz::tokenizer {

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };

/// Rewrites `text` in `form`. Characters that were assigned after Unicode 12 keep their compatibility forms,
/// as in the reference.
void normalize(AlignedText& text, NormalForm form);

}  // namespace attnviz::tokenizer
