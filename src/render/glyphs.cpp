#include "render/glyphs.h"

#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H

#include <array>
#include <string>
#include <string_view>

namespace attnviz::render {
namespace {

/// More glyphs than this are drawn anew.
constexpr std::size_t kMostGlyphs = 50000;

/// Hexadecimal digits of 3 × 5 pixels, three bits a row from the top.
constexpr std::array<std::uint16_t, 16> kDigits = {
    0b111'101'101'101'111, 0b010'110'010'010'111, 0b111'001'111'100'111, 0b111'001'011'001'111,
    0b101'101'111'001'001, 0b111'100'111'001'111, 0b111'100'111'101'111, 0b111'001'001'010'010,
    0b111'101'111'101'111, 0b111'101'111'001'111, 0b010'101'111'101'101, 0b110'101'110'101'110,
    0b111'100'100'100'111, 0b110'101'101'101'110, 0b111'100'110'100'111, 0b111'100'110'100'100};

/// A box that tells which character is missing.
GlyphBitmap code_box(char32_t code) {
  const std::string digits = code_point_name(code).substr(2);
  GlyphBitmap box;
  box.left = 1;
  box.top = 9;
  box.width = code_box_width(code) - 2;
  box.height = 9;
  const auto width = static_cast<std::size_t>(box.width);
  box.coverage.assign(width * static_cast<std::size_t>(box.height), 0);
  const auto set = [&](int x, int y, std::uint8_t value) {
    box.coverage[static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x)] = value;
  };
  constexpr std::uint8_t kBorder = 7;
  for (int x = 0; x < box.width; ++x) {
    set(x, 0, kBorder);
    set(x, box.height - 1, kBorder);
  }
  for (int y = 0; y < box.height; ++y) {
    set(0, y, kBorder);
    set(box.width - 1, y, kBorder);
  }
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const int value = digits[i] <= '9' ? digits[i] - '0' : digits[i] - 'A' + 10;
    for (int bit = 0; bit < 15; ++bit) {
      const bool on = ((kDigits[static_cast<std::size_t>(value)] >> (14 - bit)) & 1) != 0;
      if (on) set(2 + 4 * static_cast<int>(i) + bit % 3, 2 + bit / 3, 15);
    }
  }
  return box;
}

}  // namespace

GlyphBitmap Glyphs::draw(const Glyph& glyph, int size, int quarter) {
  if (glyph.face < 0) return code_box(glyph.id);
  GlyphBitmap bitmap;
  FT_Face face = fonts_.face(glyph.face).at_size(size);
  if (FT_Load_Glyph(face, glyph.id, FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP) != 0) return bitmap;
  if (face->glyph->format != FT_GLYPH_FORMAT_OUTLINE) return bitmap;
  FT_Outline_Translate(&face->glyph->outline, quarter * 16, 0);
  if (FT_Render_Glyph(face->glyph, FT_RENDER_MODE_NORMAL) != 0) return bitmap;
  const FT_Bitmap& drawn = face->glyph->bitmap;
  bitmap.left = face->glyph->bitmap_left;
  bitmap.top = face->glyph->bitmap_top;
  bitmap.width = static_cast<int>(drawn.width);
  bitmap.height = static_cast<int>(drawn.rows);
  bitmap.coverage.reserve(static_cast<std::size_t>(drawn.width) * drawn.rows);
  for (int y = 0; y < bitmap.height; ++y) {
    for (int x = 0; x < bitmap.width; ++x) {
      const int grey = drawn.buffer[y * drawn.pitch + x];
      bitmap.coverage.push_back(static_cast<std::uint8_t>((grey * 15 + 127) / 255));
    }
  }
  return bitmap;
}

const GlyphBitmap& Glyphs::get(const Glyph& glyph, int size, int quarter) {
  const std::uint64_t face = glyph.face < 0 ? 0 : static_cast<std::uint64_t>(glyph.face) + 1;
  const std::uint64_t key = (face << 48) | (static_cast<std::uint64_t>(glyph.id) << 16) |
                            (static_cast<std::uint64_t>(size) << 2) | static_cast<std::uint64_t>(quarter);
  const auto found = drawn_.find(key);
  if (found != drawn_.end()) return found->second;
  if (drawn_.size() >= kMostGlyphs) drawn_.clear();
  return drawn_.emplace(key, draw(glyph, size, quarter)).first->second;
}

}  // namespace attnviz::render
