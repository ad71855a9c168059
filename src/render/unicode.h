/// What text is made of: code points, graphemes, lines, directions, and what people should see of characters
/// that have no shape. The rules are ICU's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnviz::render {

/// A code point and the bytes of the text that it stands for. Malformed bytes become U+FFFD, one each.
struct Character {
  char32_t code = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool begins_grapheme = true;  ///< What people take for a character begins here (Unicode annex 29).
};

std::vector<Character> characters_of(std::string_view text);

/// Of each of `characters`, which are those of `text`, whether a line may begin there (Unicode annex 14, with
/// ICU's dictionaries for scripts without blanks). Hangul, which has blanks, is broken at those only.
std::vector<bool> line_starts(std::string_view text, std::span<const Character> characters);

/// Embedding levels of `characters` by the Unicode bidirectional algorithm. Returns whether they run from
/// right to left as a paragraph.
bool bidi_levels(std::span<const Character> characters, std::vector<std::uint8_t>& levels);
/// Which stretch of a line stands at each place from left to right, by the levels of the stretches.
std::vector<std::int32_t> visual_order(std::span<const std::uint8_t> levels);

/// Zero width joiner and non-joiner, variation selectors: asked of no font, they only steer shaping.
bool steers_shaping(char32_t code) noexcept;

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
