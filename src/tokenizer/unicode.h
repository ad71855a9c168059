/// The character classes of the reference tokenizers where they differ from ICU's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace attnviz::tokenizer::unicode {

bool is_whitespace(char32_t c) noexcept;       ///< White_Space.
bool is_word(char32_t c) noexcept;             ///< `\w` of a regular expression, UTS #18.
bool is_number(char32_t c) noexcept;           ///< General category N*.
bool is_punctuation(char32_t c) noexcept;      ///< ASCII symbols and P* as of Unicode 8, as BERT splits on.
bool is_removed_control(char32_t c) noexcept;  ///< What BERT's cleaning removes: Cc, Cf, Co, but Cn stays.
bool is_nonspacing_mark(char32_t c) noexcept;  ///< Mn as BERT's accent stripping knows it.
bool is_combining_mark(char32_t c) noexcept;   ///< M* as StripAccents knows it.
bool is_cjk_ideograph(char32_t c) noexcept;    ///< The blocks that BERT sets apart.
bool extends_grapheme(char32_t c) noexcept;    ///< Never begins a user-perceived character after another one.

/// End of the extended grapheme cluster that begins at `position`.
std::size_t grapheme_end(std::string_view text, std::size_t position) noexcept;

/// Appends the lower-case form of one character without context: a capital sigma gives the medial form.
void append_lower(std::u32string& text, char32_t c);

/// Script by which UnicodeScripts splits: kana count as Han, -1 is "any" and never splits.
int split_script(char32_t c) noexcept;

/// The character that stands for `byte` in byte-level vocabularies ("Ġ" for a space).
char32_t byte_level_char(unsigned char byte) noexcept;
/// The byte that `c` stands for, or -1.
int byte_level_byte(char32_t c) noexcept;

}  // namespace attnviz::tokenizer::unicode
