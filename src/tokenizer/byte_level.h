/// What several stages share: the byte-level alphabet and the replacing of matches.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tokenizer/aligned_text.h"
#include "tokenizer/pattern.h"

namespace attnviz::tokenizer {

/// Appends `text` with each byte spelled as its character of the byte-level alphabet. All bytes of one
/// character keep its alignment.
void append_byte_level(std::string_view text, std::span<const Alignment> alignment, AlignedText& out);

/// Bytes that a piece of a byte-level vocabulary spells; the piece itself when it holds any other character.
std::string from_byte_level(std::string_view piece);

/// `text` with every `from`, when it is not empty, replaced by `to`.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

/// Replaces every match of `pattern` by `content`, which is aligned with the last character of the match.
void replace_matches(AlignedText& text, const Pattern& pattern, std::string_view content);

}  // namespace attnviz::tokenizer
