#include "render/raster.h"

#include <algorithm>
#include <cstring>

namespace attnviz::render {
namespace {

class Raster {
 public:
  Raster(Image& image, const Colors& colors, Glyphs& glyphs)
      : pixels_(image.pixels()),
        width_(image.width()),
        height_(image.height()),
        colors_(colors),
        glyphs_(glyphs) {}

  void operator()(const Fill& fill) {
    const Rect box = inside(fill.box);
    for (int y = box.y; y < box.bottom() && box.width > 0; ++y) {
      std::memset(row(y) + box.x, fill.color, static_cast<std::size_t>(box.width));
    }
    if (fill.texture == Texture::kPlain) return;
    for (int y = box.y; y < box.bottom(); ++y) {
      for (int x = box.x; x < box.right(); ++x) {
        if (on_stripe(fill.texture, x, y)) row(y)[x] = color::kPaper;
      }
    }
  }

  void operator()(const Hatch& hatch) {
    const Rect box = inside(hatch.box);
    for (int y = box.y; y < box.bottom(); ++y) {
      for (int x = box.x; x < box.right(); ++x) row(y)[x] = stripe(x, y);
    }
  }

  void operator()(const Line& line) {
    const int dx = line.x1 - line.x0;
    const int dy = line.y1 - line.y0;
    const int steps = std::max({std::abs(dx), std::abs(dy), 1});
    for (int i = 0; i <= steps; ++i) {
      const int x = line.x0 + (2 * dx * i + (dx < 0 ? -steps : steps)) / (2 * steps);
      const int y = line.y0 + (2 * dy * i + (dy < 0 ? -steps : steps)) / (2 * steps);
      if (x >= 0 && x < width_ && y >= 0 && y < height_) row(y)[x] = line.color;
    }
  }

  void operator()(const Grid& grid) {
    const Rect box = inside(grid.box());
    if (box.width <= 0) return;
    for (int r = 0; r < grid.rows; ++r) {
      const int top = grid.y + r * grid.cell_height;
      const int last = std::min(top + grid.cell_height, height_);
      if (top >= last || top < 0) continue;
      const std::uint8_t* cells =
          grid.colors.data() + static_cast<std::size_t>(r) * static_cast<std::size_t>(grid.columns);
      bool striped = false;
      std::uint8_t* out = row(top);
      for (int c = 0; c < grid.columns; ++c) {
        const int left = grid.x + c * grid.cell_width;
        if (left >= width_) break;
        std::memset(out + left, cells[c], static_cast<std::size_t>(std::min(grid.cell_width, width_ - left)));
        striped = striped || cells[c] == color::kHatch;
      }
      for (int y = top + 1; y < last; ++y)
        std::memcpy(row(y) + box.x, out + box.x, static_cast<std::size_t>(box.width));
      for (int c = 0; striped && c < grid.columns; ++c) {
        const Rect cell = {grid.x + c * grid.cell_width, top, grid.cell_width, grid.cell_height};
        if (cells[c] == color::kHatch) (*this)(Hatch{cell});
      }
    }
  }

  void operator()(const Text& text) {
    clip_ = inside(text.box);
    for (const Glyph& glyph : text.shaped->glyphs) {
      if (text.rotated) {
        // The text runs upwards: its x is minus our y.
        const int pen = -text.pen * 64 + glyph.x;
        const int whole = floor64(pen);
        blend_up(glyphs_.get(glyph, text.shaped->size, (pen - whole * 64) / 16), -whole,
                 text.baseline - round64(glyph.y), text.ink);
      } else {
        const int pen = text.pen * 64 + glyph.x;
        const int whole = floor64(pen);
        blend(glyphs_.get(glyph, text.shaped->size, (pen - whole * 64) / 16), whole,
              text.baseline - round64(glyph.y), text.ink);
      }
    }
  }

 private:
  static int floor64(int value) { return value >> 6; }
  static int round64(int value) { return (value + 32) >> 6; }
  /// Places depend on the picture alone, so that stripes go on from one area to the next.
  static bool on_stripe(Texture texture, int x, int y) {
    switch (texture) {
      case Texture::kPlain: return false;
      case Texture::kRising: return (x + y) % 5 == 0;
      case Texture::kFalling: return (x - y + (1 << 20) * 5) % 5 == 0;
      case Texture::kLevel: return y % 4 == 0;
    }
    return false;
  }
  static std::uint8_t stripe(int x, int y) { return (x + y) % 4 == 0 ? color::kHatch : color::kPaper; }
  std::uint8_t* row(int y) {
    return pixels_.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width_);
  }

  Rect inside(const Rect& box) const {
    const int left = std::clamp(box.x, 0, width_);
    const int top = std::clamp(box.y, 0, height_);
    return {left, top, std::clamp(box.right(), left, width_) - left,
            std::clamp(box.bottom(), top, height_) - top};
  }

  void blend(const GlyphBitmap& bitmap, int pen, int baseline, Ink ink) {
    const int left = pen + bitmap.left;
    const int top = baseline - bitmap.top;
    const int from = std::max(0, clip_.x - left);
    const int to = std::min(bitmap.width, clip_.right() - left);
    for (int y = std::max(0, clip_.y - top); y < std::min(bitmap.height, clip_.bottom() - top); ++y) {
      std::uint8_t* out = row(top + y) + left;
      const std::uint8_t* coverage = bitmap.coverage.data() + y * bitmap.width;
      for (int x = from; x < to; ++x) {
        if (coverage[x] != 0) out[x] = colors_.under_ink(ink, out[x], coverage[x]);
      }
    }
  }

  /// The same turned by a quarter to the left: bitmap columns go up, bitmap rows go right.
  void blend_up(const GlyphBitmap& bitmap, int pen, int baseline, Ink ink) {
    const int left = baseline - bitmap.top;
    const int bottom = pen - bitmap.left - 1;
    for (int y = 0; y < bitmap.height; ++y) {
      const int out_x = left + y;
      if (out_x < clip_.x || out_x >= clip_.right()) continue;
      const std::uint8_t* coverage = bitmap.coverage.data() + y * bitmap.width;
      for (int x = 0; x < bitmap.width; ++x) {
        const int out_y = bottom - x;
        if (coverage[x] == 0 || out_y < clip_.y || out_y >= clip_.bottom()) continue;
        std::uint8_t& pixel = row(out_y)[out_x];
        pixel = colors_.under_ink(ink, pixel, coverage[x]);
      }
    }
  }

  std::span<std::uint8_t> pixels_;
  int width_;
  int height_;
  const Colors& colors_;
  Glyphs& glyphs_;
  Rect clip_;
};

}  // namespace

Image rasterise(const Scene& scene, int width, int height, const Colors& colors, Glyphs& glyphs) {
  Image image(width, height, colors.palette(), color::kPaper);
  Raster raster(image, colors, glyphs);
  for (const Item& item : scene.items()) std::visit(raster, item);
  return image;
}

}  // namespace attnviz::render
