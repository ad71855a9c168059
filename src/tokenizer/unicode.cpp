#include "tokenizer/unicode.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <array>

#include "core/utf8.h"

namespace attnviz::tokenizer::unicode {
namespace {

UChar32 code(char32_t c) noexcept { return static_cast<UChar32>(c); }

/// Unicode version that assigned `c`, times ten: 80 is 8.0. 0 when it is not assigned.
int age(char32_t c) noexcept {
  UVersionInfo version;
  u_charAge(code(c), version);
  return version[0] * 10 + version[1];
}

bool in_mask(char32_t c, std::uint32_t mask) noexcept { return (U_GET_GC_MASK(code(c)) & mask) != 0; }

struct ByteAlphabet {
  std::array<char32_t, 256> characters{};
  std::array<std::int16_t, 0x144> bytes{};
  constexpr ByteAlphabet() {
    bytes.fill(-1);
    char32_t spare = 0x100;
    for (char32_t b = 0; b < 256; ++b) {
      const bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
      characters[b] = printable ? b : spare++;
      bytes[characters[b]] = static_cast<std::int16_t>(b);
    }
  }
};
constexpr ByteAlphabet kByteAlphabet;

}  // namespace

bool is_whitespace(char32_t c) noexcept {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D);
  return u_isUWhiteSpace(code(c)) != 0;
}

bool is_word(char32_t c) noexcept {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  return u_hasBinaryProperty(code(c), UCHAR_ALPHABETIC) ||
         in_mask(c, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) ||
         u_hasBinaryProperty(code(c), UCHAR_JOIN_CONTROL);
}

bool is_number(char32_t c) noexcept {
  if (c < 0x80) return c >= '0' && c <= '9';
  return in_mask(c, U_GC_N_MASK);
}

// The reference's tables for the next four are older than ICU's; what was assigned or re-classified later is
// told by the age of the character, the few re-classified ones by name.

bool is_punctuation(char32_t c) noexcept {
  if (c < 0x80) {
    return (c >= 0x21 && c <= 0x2F) || (c >= 0x3A && c <= 0x40) || (c >= 0x5B && c <= 0x60) ||
           (c >= 0x7B && c <= 0x7E);
  }
  if (c == 0x166D || c == 0x111C9) return true;
  return in_mask(c, U_GC_P_MASK) && age(c) <= 80;
}

bool is_removed_control(char32_t c) noexcept {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  if (c < 0x80) return c < 0x20 || c == 0x7F;
  return in_mask(c, U_GC_CC_MASK | U_GC_CO_MASK) || (in_mask(c, U_GC_CF_MASK) && age(c) <= 80);
}

bool is_nonspacing_mark(char32_t c) noexcept {
  if (c < 0x300) return false;
  if (c == 0x1734) return true;
  if (c == 0x1885 || c == 0x1886 || c == 0xA9BD || c == 0x111C9) return false;
  return in_mask(c, U_GC_MN_MASK) && age(c) <= 80;
}

bool is_combining_mark(char32_t c) noexcept {
  if (c < 0x300) return false;
  if (c == 0x1CF2 || c == 0x1CF3) return true;
  return in_mask(c, U_GC_M_MASK) && age(c) <= 90 && c != 0x111C9;
}

bool is_cjk_ideograph(char32_t c) noexcept {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool extends_grapheme(char32_t c) noexcept {
  if (c < 0x300) return false;
  switch (u_getIntPropertyValue(code(c), UCHAR_GRAPHEME_CLUSTER_BREAK)) {
    case U_GCB_EXTEND:
    case U_GCB_SPACING_MARK:
    case U_GCB_ZWJ:
    case U_GCB_V:
    case U_GCB_T: return true;
    default: return false;
  }
}

std::size_t grapheme_end(std::string_view text, std::size_t position) noexcept {
  const auto break_of = [](char32_t c) {
    return u_getIntPropertyValue(code(c), UCHAR_GRAPHEME_CLUSTER_BREAK);
  };
  char32_t c = utf8::next(text, position);
  if (c < 0x80 && c != '\r' && (position == text.size() || (text[position] & 0x80) == 0)) return position;
  int left = break_of(c);
  bool pictograph = u_hasBinaryProperty(code(c), UCHAR_EXTENDED_PICTOGRAPHIC);  // … and Extend* behind it.
  bool joined = false;                                                          // … and a ZWJ behind those.
  int flags = left == U_GCB_REGIONAL_INDICATOR ? 1 : 0;
  while (position < text.size()) {
    std::size_t behind = position;
    c = utf8::next(text, behind);
    const int right = break_of(c);
    const bool syllable = (left == U_GCB_L && (right == U_GCB_L || right == U_GCB_V || right == U_GCB_LV ||
                                               right == U_GCB_LVT)) ||
                          ((left == U_GCB_LV || left == U_GCB_V) && (right == U_GCB_V || right == U_GCB_T)) ||
                          ((left == U_GCB_LVT || left == U_GCB_T) && right == U_GCB_T);
    const auto control = [](int kind) {
      return kind == U_GCB_CONTROL || kind == U_GCB_CR || kind == U_GCB_LF;
    };
    const bool extends = right == U_GCB_EXTEND || right == U_GCB_ZWJ || right == U_GCB_SPACING_MARK;
    const bool emoji = joined && u_hasBinaryProperty(code(c), UCHAR_EXTENDED_PICTOGRAPHIC);
    const bool flag = left == U_GCB_REGIONAL_INDICATOR && right == U_GCB_REGIONAL_INDICATOR && flags % 2 == 1;
    const bool together = (left == U_GCB_CR && right == U_GCB_LF) ||
                          (!control(left) && !control(right) &&
                           (syllable || extends || left == U_GCB_PREPEND || emoji || flag));
    if (!together) break;
    joined = pictograph && right == U_GCB_ZWJ;
    if (right != U_GCB_EXTEND && right != U_GCB_ZWJ) {
      pictograph = u_hasBinaryProperty(code(c), UCHAR_EXTENDED_PICTOGRAPHIC);
    }
    flags = right == U_GCB_REGIONAL_INDICATOR ? flags + 1 : 0;
    left = right;
    position = behind;
  }
  return position;
}

void append_lower(std::u32string& text, char32_t c) {
  if (c < 0x80) {
    text.push_back(c >= 'A' && c <= 'Z' ? c + 32 : c);
  } else if (c == 0x130) {
    text.append(U"i\u0307");
  } else {
    text.push_back(static_cast<char32_t>(u_tolower(code(c))));
  }
}

int split_script(char32_t c) noexcept {
  if (c == ' ') return -1;
  if (c == 0x30FC) return USCRIPT_HAN;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(code(c), &status);
  // The reference's table is of Unicode 9.
  if (U_FAILURE(status) || script == USCRIPT_UNKNOWN || age(c) > 90) return -1;
  return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ? USCRIPT_HAN : script;
}

char32_t byte_level_char(unsigned char byte) noexcept { return kByteAlphabet.characters[byte]; }

int byte_level_byte(char32_t c) noexcept {
  return c < kByteAlphabet.bytes.size() ? kByteAlphabet.bytes[c] : -1;
}

}  // namespace attnviz::tokenizer::unicode
