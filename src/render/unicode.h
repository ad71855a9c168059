/// What text is made of: code points, graphemes, and what people should see of characters that have no shape.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attnviz::render {

/// A code point and the bytes of the text that it stands for. Malformed bytes become U+FFFD, one each.
struct Character {
  char32_t code = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

std::vector<Character> decode_utf8(std::string_view text);
void append_utf8(std::string& text, char32_t code);

/// Combining marks, joiners, variation selectors, emoji modifiers and tags: they belong to what stands before
/// them.
bool extends_grapheme(char32_t code) noexcept;
/// Zero width joiner and non-joiner, variation selectors: asked of no font, they only steer shaping.
bool steers_shaping(char32_t code) noexcept;
/// Whether `next` belongs to the grapheme that ends with `previous`.
bool joins_grapheme(char32_t previous, char32_t next) noexcept;

/// ↵ for a newline, ⇥ for a tab; others stay as they are.
char32_t visible(char32_t code) noexcept;
/// Control characters, and others without a shape that may hide or reorder text: drawn as a box with their
/// digits.
bool is_hidden_format(char32_t code) noexcept;

/// `text` as a label: control characters visible, blanks at its ends as ␣, at most `graphemes` graphemes, cut
/// with "…". An empty text is "∅"; a combining mark at its start stands on "◌".
std::string label_text(std::string_view text, int graphemes);

/// "U+1F680".
std::string code_point_name(char32_t code);

}  // namespace attnviz::render
