#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "render/scenes.h"
#include "render/segments.h"

namespace attnviz::render {
namespace {

/// Parts of the bar: filled boxes of its height, from left to right.
std::vector<Rect> parts_of(const Scene& scene) {
  std::vector<Rect> parts;
  for (const Fill& fill : items_of<Fill>(scene)) {
    if (fill.box.height == 20) parts.push_back(fill.box);
  }
  return parts;
}

AttentionView view_of(const std::vector<double>& masses) {
  AttentionView view;
  for (std::size_t i = 0; i < masses.size(); ++i)
    view.segments.push_back({"s" + std::to_string(i), masses[i]});
  return view;
}

TEST(MassBar, PartsAreAsWideAsTheirSharesAndFollowEachOther) {
  test::Random random(9);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> masses(static_cast<std::size_t>(1 + random.below(8)));
    double sum = 0;
    for (double& mass : masses) sum += mass = 0.05 + random.uniform();
    Page page;
    const int right = kMargin + 400 + random.below(500);
    draw_masses(page.pen(), view_of(masses), 10, right);
    const auto parts = parts_of(page.pen().scene);
    ASSERT_EQ(parts.size(), masses.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      EXPECT_NEAR(parts[i].width, masses[i] / sum * (right - kMargin), 2) << "with a pixel between parts";
      EXPECT_GE(parts[i].x, i == 0 ? kMargin : parts[i - 1].right());
      EXPECT_LE(parts[i].right(), right);
    }
  }
}

TEST(MassBar, EverySegmentIsNamedOnTheBarOrBelowIt) {
  test::Random random(11);
  for (int round = 0; round < 30; ++round) {
    std::vector<double> masses(static_cast<std::size_t>(1 + random.below(12)));
    for (double& mass : masses) mass = random.uniform() * random.uniform();
    Page page;
    const int bottom = draw_masses(page.pen(), view_of(masses), 10, kMargin + 640);
    std::size_t names = 0;
    for (const Text& text : items_of<Text>(page.pen().scene)) {
      names += text.role == Role::kSegment ? 1 : 0;
      EXPECT_LE(text.box.bottom(), bottom + 1);
    }
    EXPECT_EQ(names, masses.size());
    expect_labels_apart(page.pen().scene);
  }
}

TEST(MassBar, OfNoMassHasNoParts) {
  for (const double mass : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    Page page;
    draw_masses(page.pen(), view_of({mass, mass}), 10, 600);
    EXPECT_TRUE(parts_of(page.pen().scene).empty()) << mass;
  }
}

}  // namespace
}  // namespace attnviz::render
