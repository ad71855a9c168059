#include "tokenizer/labels.h"

#include <unicode/uchar.h>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/unicode.h"

namespace attnviz::tokenizer {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::string_view kEllipsis = "…";

/// Bytes that `piece` stands for.
std::string bytes_of(std::string_view piece, const Spelling& spelling) {
  if (const auto byte = fallback_byte(piece)) return std::string(1, static_cast<char>(*byte));
  if (!spelling.continuing_prefix.empty() && piece.size() > spelling.continuing_prefix.size() &&
      piece.starts_with(spelling.continuing_prefix)) {
    piece.remove_prefix(spelling.continuing_prefix.size());
  }
  if (!spelling.end_suffix.empty() && piece.size() > spelling.end_suffix.size() &&
      piece.ends_with(spelling.end_suffix)) {
    piece.remove_suffix(spelling.end_suffix.size());
  }
  if (spelling.byte_level) return from_byte_level(piece);
  return spelling.metaspace ? replace_all(piece, kMetaspace, " ") : std::string(piece);
}

void append_visible(std::string& label, char32_t c) {
  if (c == ' ') {
    label += "␣";
  } else if (c == '\n') {
    label += "⏎";
  } else if (c == '\t') {
    label += "⇥";
  } else if (c == '\r') {
    label += "␍";
  } else if (unicode::is_whitespace(c) || u_iscntrl(static_cast<UChar32>(c)) ||
             u_charType(static_cast<UChar32>(c)) == U_FORMAT_CHAR) {
    label += "U+";
    bool leading = true;
    for (int shift = 20; shift >= 0; shift -= 4) {
      const auto digit = static_cast<std::size_t>(c >> shift & 0xF);
      leading = leading && digit == 0 && shift >= 16;
      if (!leading) label += kHex[digit];
    }
  } else {
    utf8::append(label, c);
  }
}

/// Bytes from `begin` on that are no whole character, in hexadecimal; moves `begin` behind them.
void append_hexadecimal(std::string& label, std::string_view bytes, std::size_t& begin, std::size_t end) {
  if (!label.empty()) label += ' ';
  if (utf8::is_continuation(bytes[begin])) label += kEllipsis;
  std::size_t missing = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (i > begin) label += ' ';
    label += kHex[byte >> 4];
    label += kHex[byte & 15];
    missing = utf8::is_continuation(bytes[i]) ? missing - (missing > 0 ? 1 : 0) : utf8::length(bytes[i]) - 1;
  }
  if (missing > 0) label += kEllipsis;
  begin = end;
}

}  // namespace

std::string fallback_piece(unsigned byte) { return {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'}; }

std::optional<unsigned char> fallback_byte(std::string_view piece) noexcept {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return std::nullopt;
  unsigned value = 0;
  for (const char digit : piece.substr(3, 2)) {
    const char upper = digit >= 'a' && digit <= 'f' ? static_cast<char>(digit - 'a' + 'A') : digit;
    const std::size_t at = kHex.find(upper);
    if (at == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(at);
  }
  return static_cast<unsigned char>(value);
}

std::string label_of(std::string_view piece, const Spelling& spelling) {
  const std::string bytes = bytes_of(piece, spelling);
  std::string_view rest = bytes;
  // The space between words is everywhere and says nothing.
  if (rest.size() > 1 && rest[0] == ' ' && rest[1] != ' ' && static_cast<unsigned char>(rest[1]) > 0x20) {
    rest.remove_prefix(1);
  }
  std::string label;
  for (std::size_t begin = 0; begin < rest.size();) {
    const auto invalid = find_invalid_utf8(rest.substr(begin));
    const std::size_t good_end = invalid ? begin + *invalid : rest.size();
    while (begin < good_end) append_visible(label, utf8::next(rest, begin));
    if (!invalid) break;
    std::size_t end = begin + 1;
    while (end < rest.size() && utf8::is_continuation(rest[end])) ++end;
    append_hexadecimal(label, rest, begin, end);
  }
  return label;
}

}  // namespace attnviz::tokenizer
