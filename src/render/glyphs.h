/// Glyphs as small pictures of coverage, drawn once.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "render/shaper.h"

namespace attnviz::render {

/// Coverage 0 … 15 of each pixel, rows from the top.
struct GlyphBitmap {
  int left = 0;  ///< Of the first column, from the pen.
  int top = 0;   ///< Of the first row, up from the baseline.
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> coverage;
};

class Glyphs {
 public:
  explicit Glyphs(Fonts& fonts) : fonts_(fonts) {}
  /// `quarter`: how many quarters of a pixel the pen stands right of a whole one, 0 … 3. Valid until the next
  /// call.
  const GlyphBitmap& get(const Glyph& glyph, int size, int quarter);

 private:
  GlyphBitmap draw(const Glyph& glyph, int size, int quarter);
  Fonts& fonts_;
  std::unordered_map<std::uint64_t, GlyphBitmap> drawn_;
};

}  // namespace attnviz::render
