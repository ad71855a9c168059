#include "render/scene.h"

#include <algorithm>
#include <utility>

namespace attnviz::render {

// DejaVu Sans: letters with accents reach 0.93 of the size up, descenders 0.24 down.
int ascent(int size) noexcept { return (size * 60 + 32) / 64; }
int line_height(int size) noexcept { return (size * 80 + 32) / 64; }

void Scene::include(const Rect& box) {
  right_ = std::max(right_, box.right());
  bottom_ = std::max(bottom_, box.bottom());
}

void Scene::fill(const Rect& box, std::uint8_t color) { fill(box, Swatch{color, Texture::kPlain}); }

void Scene::fill(const Rect& box, const Swatch& swatch) {
  include(box);
  items_.emplace_back(Fill{box, swatch.color, swatch.texture});
}

void Scene::frame(const Rect& box, std::uint8_t color) {
  fill({box.x, box.y, box.width, 1}, color);
  fill({box.x, box.bottom() - 1, box.width, 1}, color);
  fill({box.x, box.y + 1, 1, box.height - 2}, color);
  fill({box.right() - 1, box.y + 1, 1, box.height - 2}, color);
}

void Scene::hatch(const Rect& box) {
  include(box);
  items_.emplace_back(Hatch{box});
}

void Scene::line(int x0, int y0, int x1, int y1, std::uint8_t color) {
  include({std::min(x0, x1), std::min(y0, y1), std::abs(x1 - x0) + 1, std::abs(y1 - y0) + 1});
  items_.emplace_back(Line{x0, y0, x1, y1, color});
}

Rect Scene::text(std::shared_ptr<const ShapedText> shaped, int x, int y, Ink ink, Role role) {
  const int size = shaped->size;
  const Rect box = {x - 1, y, shaped->pixels() + 2, line_height(size)};
  include(box);
  items_.emplace_back(Text{std::move(shaped), box, x, y + ascent(size), ink, false, role});
  return box;
}

Rect Scene::text_up(std::shared_ptr<const ShapedText> shaped, int x, int top, Ink ink, Role role) {
  const int size = shaped->size;
  const int length = shaped->pixels();
  const Rect box = {x, top - 1, line_height(size), length + 2};
  include(box);
  items_.emplace_back(Text{std::move(shaped), box, top + length, x + ascent(size), ink, true, role});
  return box;
}

void Scene::grid(Grid grid) {
  include(grid.box());
  items_.emplace_back(std::move(grid));
}

}  // namespace attnviz::render
