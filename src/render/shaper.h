/// Text to positioned glyphs: bidirectional order, fonts, shaping. All lengths in 1/64 pixel.
#pragma once

#include <hb.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "render/fonts.h"
#include "render/unicode.h"

namespace attnviz::render {

/// A glyph of a font, or where `face` is -1 a box with the digits of code point `id`.
struct Glyph {
  int face = -1;
  std::uint32_t id = 0;
  std::int32_t x = 0;       ///< From the left end of the line.
  std::int32_t y = 0;       ///< Up from the baseline.
  std::uint32_t begin = 0;  ///< First byte of the cluster that it belongs to.
};

/// Bytes of the text that are drawn as one, and where.
struct Cluster {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::int32_t left = 0;
  std::int32_t right = 0;
  bool rtl = false;
};

/// One line, ready to be drawn: glyphs and clusters from left to right.
struct ShapedText {
  int size = 0;  ///< Of the font, in pixels.
  std::int32_t width = 0;
  std::vector<Glyph> glyphs;
  std::vector<Cluster> clusters;
  int pixels() const noexcept { return (width + 63) / 64; }
};

/// A paragraph after analysis: for each character its direction, script and font.
struct Paragraph {
  std::vector<Character> characters;  ///< Control characters already visible.
  std::vector<std::uint8_t> levels;
  std::vector<hb_script_t> scripts;
  std::vector<int> faces;
  bool rtl = false;
  hb_language_t language = nullptr;  ///< Chooses among Han shapes.
};

/// Width of the box with the digits of `code`, in pixels.
int code_box_width(char32_t code);

/// Remembers what it shaped.
class Shaper {
 public:
  explicit Shaper(Fonts& fonts) : fonts_(fonts), buffer_(hb_buffer_create()) {}
  ~Shaper() { hb_buffer_destroy(buffer_); }
  Shaper(const Shaper&) = delete;
  Shaper& operator=(const Shaper&) = delete;

  /// `text` as one line.
  std::shared_ptr<const ShapedText> line(std::string_view text, int size);
  /// `text` as one line, cut at its end with "…" so that it is at most `pixels` wide.
  std::shared_ptr<const ShapedText> line_within(std::string_view text, int size, int pixels);

  Paragraph analyse(std::string_view text);
  /// Characters [first, last) of `paragraph` as one line.
  ShapedText shape(const Paragraph& paragraph, std::size_t first, std::size_t last, int size);

  /// Code points shaped since forget_missing() that no font had.
  const std::set<char32_t>& missing() const noexcept { return missing_; }
  /// Lines with such code points are forgotten as well, so that they count again when they come again.
  void forget_missing();

 private:
  struct Run;
  /// Those of characters [first, last), from left to right.
  static std::vector<Run> runs_of(const Paragraph& paragraph, std::size_t first, std::size_t last);
  void choose_fonts(Paragraph& paragraph);
  void shape_run(const Paragraph& paragraph, const Run& run, ShapedText& out);
  void box_run(const Paragraph& paragraph, const Run& run, ShapedText& out);

  Fonts& fonts_;
  hb_buffer_t* buffer_;
  std::set<char32_t> missing_;
  std::unordered_map<std::string, std::shared_ptr<const ShapedText>> lines_;
};

}  // namespace attnviz::render
