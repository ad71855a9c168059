/// UTF-8, and the character classes of the reference tokenizers where they differ from ICU's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace attnviz::unicode {

/// Code point at `text[position]`, which begins a character of well-formed UTF-8; `position` moves behind it.
inline char32_t next(std::string_view text, std::size_t& position) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  const char32_t first = byte(position);
  if (first < 0x80) {
    position += 1;
    return first;
  }
  if (first < 0xE0) {
    const char32_t c = (first & 0x1F) << 6 | (byte(position + 1) & 0x3F);
    position += 2;
    return c;
  }
  if (first < 0xF0) {
    const char32_t c = (first & 0x0F) << 12 | (byte(position + 1) & 0x3F) << 6 | (byte(position + 2) & 0x3F);
    position += 3;
    return c;
  }
  const char32_t c = (first & 0x07) << 18 | (byte(position + 1) & 0x3F) << 12 |
                     (byte(position + 2) & 0x3F) << 6 | (byte(position + 3) & 0x3F);
  position += 4;
  return c;
}

/// Bytes of the character that begins with `first`, in well-formed UTF-8.
inline std::size_t length(char first) noexcept {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

inline bool is_continuation(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// Bytes that `c` takes.
inline std::size_t length(char32_t c) noexcept { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

/// Appends `c`, a code point that is no surrogate.
inline void append(std::string& text, char32_t c) {
  const auto put = [&](char32_t byte) {
    text.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
  };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

std::string to_utf8(char32_t c);
std::u32string to_utf32(std::string_view text);
bool is_ascii(std::string_view text) noexcept;

/// `bytes` with every maximal ill-formed part replaced by U+FFFD, as the Unicode standard recommends.
std::string replace_invalid(std::string_view bytes);

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

}  // namespace attnviz::unicode
