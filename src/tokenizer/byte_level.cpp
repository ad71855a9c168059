#include "tokenizer/byte_level.h"

#include "attnviz/core.h"
#include "core/utf8.h"
#include "tokenizer/unicode.h"

namespace attnviz::tokenizer {

void append_byte_level(std::string_view text, std::span<const Alignment> alignment, AlignedText& out) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = i + utf8::length(text[i]);
    const Alignment whole = alignment[i];
    for (; i < end; ++i) {
      utf8::append(out.text, unicode::byte_level_char(static_cast<unsigned char>(text[i])));
      out.alignment.resize(out.text.size(), whole);
    }
  }
}

std::string from_byte_level(std::string_view piece) {
  std::string bytes;
  bytes.reserve(piece.size());
  for (std::size_t i = 0; i < piece.size();) {
    const int byte = unicode::byte_level_byte(utf8::next(piece, i));
    if (byte < 0) return std::string(piece);
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
  }
  return bytes;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  result.reserve(text.size());
  std::size_t copied = 0;
  for (std::size_t at = from.empty() ? std::string_view::npos : text.find(from); at != std::string_view::npos;
       at = text.find(from, copied)) {
    result.append(text.substr(copied, at - copied)).append(to);
    copied = at + from.size();
  }
  return result.append(text.substr(copied));
}

/// Bytes that one replacement may add to a text; no tokenizer needs as many.
constexpr std::size_t kLargestGrowth = std::size_t{64} << 20U;

void replace_matches(AlignedText& text, const Pattern& pattern, std::string_view content) {
  AlignedText result;
  std::size_t copied = 0;
  bool any = false;
  const auto copy_until = [&](std::size_t end) {
    result.text.append(text.text, copied, end - copied);
    result.alignment.insert(result.alignment.end(),
                            text.alignment.begin() + static_cast<std::ptrdiff_t>(copied),
                            text.alignment.begin() + static_cast<std::ptrdiff_t>(end));
    copied = end;
  };
  pattern.for_each_match(text.text, [&](std::size_t begin, std::size_t end) {
    if (!any) {
      any = true;
      result.text.reserve(text.text.size());
      result.alignment.reserve(text.text.size());
    }
    copy_until(begin);
    const Alignment aligned = end > 0 ? text.alignment[end - 1] : Alignment{text.origin, text.origin};
    if (result.text.size() + content.size() > text.text.size() + kLargestGrowth) {
      throw Error(ErrorKind::kInput, "the tokenizer's normalizer Replace makes more than " +
                                         std::to_string(kLargestGrowth >> 20U) + " MB of a text of " +
                                         std::to_string(text.text.size()) +
                                         " bytes; the tokenizer is damaged");
    }
    result.text.append(content);
    result.alignment.resize(result.text.size(), aligned);
    copied = end;
  });
  if (!any) return;
  copy_until(text.text.size());
  result.origin = text.origin;
  text = std::move(result);
}

}  // namespace attnviz::tokenizer
