/// UTF-8, the one implementation of all rooms. `find_invalid_utf8`, which callers of the library need too, is
/// in attnviz/core.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace attnviz::utf8 {

inline constexpr char32_t kReplacement = 0xFFFD;

/// Whether `byte` is the second, third or fourth of a character.
inline bool is_continuation(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Bytes of the character that begins with `first`, in well-formed UTF-8.
inline std::size_t length(char first) noexcept {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// Bytes that `c` takes.
inline std::size_t length(char32_t c) noexcept { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

/// Code point at `text[position]`, which begins a character of well-formed UTF-8; `position` moves behind it.
inline char32_t next(std::string_view text, std::size_t& position) noexcept {
  const std::size_t size = length(text[position]);
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[position + i]));
  };
  char32_t c = byte(0);
  switch (size) {
    case 1: break;
    case 2: c = (c & 0x1F) << 6 | (byte(1) & 0x3F); break;
    case 3: c = (c & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F); break;
    default: c = (c & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F); break;
  }
  position += size;
  return c;
}

/// What stands at a place of bytes that may not be UTF-8.
struct Sequence {
  std::size_t length = 0;  ///< Bytes, at least 1: of the character, or of the ill-formed part.
  bool is_character = false;
  bool is_cut_off = false;  ///< The bytes end in what could become a character.
};

/// The character at `bytes[at]`, or the longest part there that could begin one (the "maximal subpart" of the
/// Unicode standard, table 3-7: overlong forms, surrogates and code points above U+10FFFF are ill-formed).
Sequence sequence_at(std::string_view bytes, std::size_t at) noexcept;

/// `bytes` with every maximal ill-formed part replaced by U+FFFD, as the Unicode standard recommends.
std::string replace_invalid(std::string_view bytes);

/// Where the character begins that holds byte `at` of well-formed UTF-8; `at` itself at the end of `text`.
inline std::size_t begin_of_character(std::string_view text, std::size_t at) noexcept {
  while (at > 0 && at < text.size() && is_continuation(text[at])) --at;
  return at;
}

/// The longest beginning of `text`, well-formed, that has at most `bytes` bytes and no half character.
inline std::string_view prefix(std::string_view text, std::size_t bytes) noexcept {
  return bytes >= text.size() ? text : text.substr(0, begin_of_character(text, bytes));
}

/// Characters (code points) of `text`, well-formed.
std::size_t count(std::string_view text) noexcept;

bool is_ascii(std::string_view text) noexcept;

/// Appends `c`, a code point that is no surrogate.
void append(std::string& text, char32_t c);

/// `c`, a code point that is no surrogate, as text.
std::string encode(char32_t c);

/// The code points of `text`, well-formed.
std::u32string decode(std::string_view text);

/// Bytes from a file that nobody vouches for, as messages show them: cut after 60, with control characters
/// and what is not UTF-8 replaced by question marks.
std::string shown(std::string_view bytes);

}  // namespace attnviz::utf8
