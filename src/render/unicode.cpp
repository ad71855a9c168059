#include "render/unicode.h"

#include <hb.h>

#include <array>
#include <charconv>

#include "attnviz/core.h"

namespace attnviz::render {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

std::size_t sequence_size(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

bool is_regional(char32_t code) { return code >= 0x1F1E6 && code <= 0x1F1FF; }

hb_unicode_general_category_t category(char32_t code) {
  return hb_unicode_general_category(hb_unicode_funcs_get_default(), code);
}

/// Second and third letters of a Hangul syllable.
bool continues_hangul(char32_t previous, char32_t next) {
  const bool vowel_or_tail = next >= 0x1160 && next <= 0x11FF;
  const bool hangul_before =
      (previous >= 0x1100 && previous <= 0x11FF) || (previous >= 0xAC00 && previous <= 0xD7A3);
  return vowel_or_tail && hangul_before;
}

bool is_mark(char32_t code) {
  const hb_unicode_general_category_t kind = category(code);
  return kind == HB_UNICODE_GENERAL_CATEGORY_NON_SPACING_MARK ||
         kind == HB_UNICODE_GENERAL_CATEGORY_SPACING_MARK ||
         kind == HB_UNICODE_GENERAL_CATEGORY_ENCLOSING_MARK;
}

bool is_blank(char32_t code) {
  return code == U' ' || (code >= 0xA0 && category(code) == HB_UNICODE_GENERAL_CATEGORY_SPACE_SEPARATOR);
}

}  // namespace

std::vector<Character> decode_utf8(std::string_view text) {
  std::vector<Character> characters;
  characters.reserve(text.size());
  // Well-formed stretches are cut without a check; a bad byte is found by the same function as everywhere.
  std::size_t bad = find_invalid_utf8(text).value_or(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const auto begin = static_cast<std::uint32_t>(at);
    if (at == bad) {
      characters.push_back({kReplacement, begin, begin + 1});
      ++at;
      const auto next = find_invalid_utf8(text.substr(at));
      bad = next ? at + *next : text.size();
      continue;
    }
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t size = sequence_size(first);
    char32_t code = size == 1 ? first : first & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i)
      code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    at += size;
    characters.push_back({code, begin, static_cast<std::uint32_t>(at)});
  }
  return characters;
}

void append_utf8(std::string& text, char32_t code) {
  const auto put = [&](char32_t byte) {
    text.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
  };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

bool steers_shaping(char32_t code) noexcept {
  return code == 0x200C || code == 0x200D || (code >= 0xFE00 && code <= 0xFE0F) ||
         (code >= 0xE0100 && code <= 0xE01EF);
}

bool extends_grapheme(char32_t code) noexcept {
  if (code < 0x300) return false;
  if (steers_shaping(code) || (code >= 0x1F3FB && code <= 0x1F3FF) || (code >= 0xE0020 && code <= 0xE007F))
    return true;
  return is_mark(code);
}

bool joins_grapheme(char32_t previous, char32_t next) noexcept {
  return extends_grapheme(next) || previous == 0x200D || continues_hangul(previous, next);
}

char32_t visible(char32_t code) noexcept {
  if (code == U'\n') return U'↵';
  if (code == U'\t') return U'⇥';
  return code;
}

bool is_hidden_format(char32_t code) noexcept {
  if (code < 0x20 || code == 0x7F) return true;
  if (code < 0x80 || steers_shaping(code)) return false;
  if (code >= 0x80 && code < 0xA0) return true;
  if (code == 0xAD || code == 0x034F || code == 0x061C || code == 0x2028 || code == 0x2029) return true;
  const bool general = (code >= 0x200B && code <= 0x200F) || (code >= 0x202A && code <= 0x202E);
  return general || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
         (code >= 0xFFF9 && code <= 0xFFFB);
}

std::string label_text(std::string_view text, int graphemes) {
  const std::vector<Character> characters = decode_utf8(text);
  if (characters.empty()) return "∅";
  std::size_t first = 0;
  std::size_t last = characters.size();
  while (first < last && is_blank(characters[first].code)) ++first;
  while (last > first && is_blank(characters[last - 1].code)) --last;
  std::string label;
  const char32_t start = characters[0].code;
  if (start >= 0x300 && !steers_shaping(start) && is_mark(start))
    label = "◌";  // a mark alone stands on the usual circle
  int count = 0;
  char32_t previous = 0;
  int flags = 0;  // regional indicators in a row: two make a flag
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const char32_t code = characters[i].code;
    flags = is_regional(code) ? flags + 1 : 0;
    const bool second_half = flags > 0 && flags % 2 == 0;
    if (i == 0 || !(joins_grapheme(previous, code) || second_half)) {
      if (count == graphemes) return label + "…";
      ++count;
    }
    append_utf8(label, is_blank(code) && (i < first || i >= last) ? U'␣' : visible(code));
    previous = code;
  }
  return label;
}

std::string code_point_name(char32_t code) {
  std::array<char, 9> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<std::uint32_t>(code), 16).ptr;
  std::string hex(digits.data(), end);
  for (char& digit : hex) digit = digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
  return "U+" + std::string(hex.size() < 4 ? 4 - hex.size() : 0, '0') + hex;
}

}  // namespace attnviz::render
