/// Pages before they become pixels, what stands on them, and random inputs for them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "render/fixtures.h"
#include "render/overview.h"
#include "render/segment_chart.h"
#include "render/token_page.h"

namespace attnviz::render {

/// A page before it becomes pixels.
class Page {
 public:
  explicit Page(RenderOptions options = {})
      : options_(std::move(options)), fonts_({}, false), shaper_(fonts_) {}

  const Scene& token(const TokenMap& map) {
    draw_token_page(pen_, map, {}, [&](const auto& sequence, int width) {
      return std::make_shared<const ReadingLayout>(lay_out_reading(shaper_, *sequence, width));
    });
    return scene_;
  }
  const Scene& overview(std::span<const HeadSummary> heads, std::span<const Heatmap> summaries) {
    draw_overview(pen_, "a model", heads, summaries, {});
    return scene_;
  }
  const Scene& heatmap(const Heatmap& map) {
    draw_heatmap_page(pen_, map, {});
    return scene_;
  }
  const Scene& segments(const SegmentChart& chart) {
    draw_segment_chart(pen_, chart);
    return scene_;
  }
  /// Texts of this content, size and any role; lines are remembered, so equal ones are one object.
  std::vector<Text> texts(const std::string& content, int size);
  Pen& pen() { return pen_; }
  Fonts& fonts() { return fonts_; }

 private:
  RenderOptions options_;
  Fonts fonts_;
  Shaper shaper_;
  Scene scene_;
  Pen pen_{scene_, shaper_, options_};
};

template <typename Item>
std::vector<Item> items_of(const Scene& scene) {
  std::vector<Item> found;
  for (const auto& item : scene.items()) {
    if (const auto* wanted = std::get_if<Item>(&item)) found.push_back(*wanted);
  }
  return found;
}

bool overlap(const Rect& a, const Rect& b);
/// Boxes have a pixel to spare at both ends of a text; touching there is no collision.
Rect inner(const Text& text);
void expect_labels_apart(const Scene& scene);
void expect_all_on_page(const Scene& scene);

std::string random_word(test::Random& random);
std::shared_ptr<Sequence> random_sequence(test::Random& random);
TokenMap random_map(test::Random& random);
RenderOptions random_options(test::Random& random);

}  // namespace attnviz::render
