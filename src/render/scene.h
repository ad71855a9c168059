/// What is to be drawn and where: pages are laid out into a scene, and a scene becomes pixels. Tests read the
/// scene.
#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "render/colors.h"
#include "render/shaper.h"

namespace attnviz::render {

struct Rect {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  int right() const noexcept { return x + width; }
  int bottom() const noexcept { return y + height; }
};

/// What a text is for.
enum class Role { kTitle, kNote, kReading, kMargin, kRow, kColumn, kTick, kCell, kSegment, kCaption };

/// Stripes of paper over a colour, so that more areas than there are colours can be told apart.
enum class Texture : std::uint8_t { kPlain, kRising, kFalling, kLevel };

/// What an area is painted with.
struct Swatch {
  std::uint8_t color = 0;
  Texture texture = Texture::kPlain;
};

struct Fill {
  Rect box;
  std::uint8_t color = 0;
  Texture texture = Texture::kPlain;
};

/// Diagonal stripes on paper.
struct Hatch {
  Rect box;
};

/// A one-pixel line.
struct Line {
  int x0 = 0;
  int y0 = 0;
  int x1 = 0;
  int y1 = 0;
  std::uint8_t color = 0;
};

/// A line of text; nothing of it is drawn outside of `box`.
struct Text {
  std::shared_ptr<const ShapedText> shaped;
  Rect box;
  int pen = 0;       ///< x of the left end; rotated: y of the left end, from which the text runs up.
  int baseline = 0;  ///< y; rotated: x.
  Ink ink = Ink::kText;
  bool rotated = false;
  Role role = Role::kNote;
};

/// Cells of one size side by side, each of one palette index (color::kHatch: hatched).
struct Grid {
  int x = 0;
  int y = 0;
  int columns = 0;
  int rows = 0;
  int cell_width = 1;
  int cell_height = 1;
  std::vector<std::uint8_t> colors;  ///< [rows, columns].
  Rect box() const noexcept { return {x, y, columns * cell_width, rows * cell_height}; }
};

using Item = std::variant<Fill, Hatch, Line, Text, Grid>;

/// Ascent, descent and line height of a font size, in pixels; text boxes are so high.
int ascent(int size) noexcept;
int line_height(int size) noexcept;

/// Items in the order in which they are drawn; grows to hold what is put into it.
class Scene {
 public:
  const std::vector<Item>& items() const noexcept { return items_; }
  int right() const noexcept { return right_; }
  int bottom() const noexcept { return bottom_; }

  void fill(const Rect& box, std::uint8_t color);
  void fill(const Rect& box, const Swatch& swatch);
  void frame(const Rect& box, std::uint8_t color);  ///< Its inner edge, one pixel.
  void hatch(const Rect& box);
  void line(int x0, int y0, int x1, int y1, std::uint8_t color);
  /// Returns the box of the text, whose left end is at `x` and whose top is at `y`.
  Rect text(std::shared_ptr<const ShapedText> shaped, int x, int y, Ink ink, Role role);
  /// Runs upwards and ends at `top`, its line box beginning at `x`.
  Rect text_up(std::shared_ptr<const ShapedText> shaped, int x, int top, Ink ink, Role role);
  void grid(Grid grid);

 private:
  void include(const Rect& box);
  std::vector<Item> items_;
  int right_ = 0;
  int bottom_ = 0;
};

}  // namespace attnviz::render
