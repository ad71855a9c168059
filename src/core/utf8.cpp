#include "core/utf8.h"

#include <algorithm>

#include "attnviz/core.h"

namespace attnviz {
namespace utf8 {

Sequence sequence_at(std::string_view bytes, std::size_t at) noexcept {
  const auto first = static_cast<unsigned char>(bytes[at]);
  if (first < 0x80) return {1, true, false};
  if (first < 0xC2 || first > 0xF4) return {1, false, false};
  const std::size_t wanted = length(bytes[at]);
  // The second byte tells overlong forms, surrogates and what is above U+10FFFF.
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  std::size_t good = 1;
  while (good < wanted && at + good < bytes.size()) {
    const auto byte = static_cast<unsigned char>(bytes[at + good]);
    const bool fits = good == 1 ? byte >= low && byte <= high : is_continuation(bytes[at + good]);
    if (!fits) break;
    ++good;
  }
  return {good, good == wanted, good < wanted && at + good == bytes.size()};
}

std::string replace_invalid(std::string_view bytes) {
  std::string result;
  result.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const Sequence found = sequence_at(bytes, i);
    if (found.is_character) {
      result.append(bytes, i, found.length);
    } else {
      append(result, kReplacement);
    }
    i += found.length;
  }
  return result;
}

std::size_t count(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !is_continuation(byte); }));
}

bool is_ascii(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(),
                      [](char byte) { return (static_cast<unsigned char>(byte) & 0x80U) != 0; });
}

void append(std::string& text, char32_t c) {
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

std::string encode(char32_t c) {
  std::string text;
  append(text, c);
  return text;
}

std::u32string decode(std::string_view text) {
  std::u32string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) result.push_back(next(text, i));
  return result;
}

std::string shown(std::string_view bytes) {
  constexpr std::size_t kMost = 60;
  std::string kept;
  std::size_t at = 0;
  while (at < bytes.size() && kept.size() < kMost) {
    const Sequence found = sequence_at(bytes, at);
    const bool control = static_cast<unsigned char>(bytes[at]) < 0x20U || bytes[at] == 0x7F;
    // A byte that is not UTF-8 is one question mark, whatever stands behind it.
    const bool good = found.is_character && !control;
    kept += good ? bytes.substr(at, found.length) : "?";
    at += good ? found.length : 1;
  }
  return at == bytes.size() ? kept : kept + "…";
}

}  // namespace utf8

std::optional<std::size_t> find_invalid_utf8(std::string_view bytes) noexcept {
  for (std::size_t at = 0; at < bytes.size();) {
    const utf8::Sequence found = utf8::sequence_at(bytes, at);
    if (!found.is_character) return at;
    at += found.length;
  }
  return std::nullopt;
}

}  // namespace attnviz
