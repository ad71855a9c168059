/// Properties of overviews and of pages of single matrices.
#include <gtest/gtest.h>

#include <algorithm>

#include "render/scenes.h"

namespace attnviz::render {
namespace {

TEST(Overview, LabelsDoNotCollide) {
  for (const auto& [layers, heads, side] : {std::tuple{1, 1, 1}, {2, 3, 7}, {4, 8, 48}, {6, 2, 96}}) {
    Page page;
    const auto encoding = test::encode("the harbour master of Velmora is Tessin");
    const std::vector<Heatmap> summaries = {test::make_summary(*encoding, "mean", 0.5),
                                            test::make_summary(*encoding, "max", 0)};
    const Scene& scene = page.overview(test::make_heads(layers, heads, side, side % 2 == 0), summaries);
    expect_labels_apart(scene);
    expect_all_on_page(scene);
  }
}

TEST(Overview, ThumbnailsAreWholePixelsOfAtMostTheirSide) {
  Page page;
  for (const Grid& grid : items_of<Grid>(page.overview(test::make_heads(2, 2, 50, true), {}))) {
    if (grid.columns == 200) continue;
    EXPECT_EQ(grid.columns, 50);
    EXPECT_EQ(grid.cell_width, 1);
    EXPECT_LE(grid.box().width, kThumbnailSide);
  }
}

TEST(Overview, WhatCausalHeadsCannotSeeIsMasked) {
  Page page;
  int masked = 0;
  for (const Grid& grid : items_of<Grid>(page.overview(test::make_heads(1, 1, 10, true), {}))) {
    masked += static_cast<int>(std::count(grid.colors.begin(), grid.colors.end(), color::kMasked));
  }
  EXPECT_EQ(masked, 3 * 45) << "the head, the mean over heads and the mean over layers";
}

TEST(HeatmapPage, LabelsDoNotCollide) {
  test::Random random(21);
  for (int round = 0; round < 30; ++round) {
    Heatmap map;
    map.title = random_word(random);
    map.weights = {1 + random.below(120), 1 + random.below(300), {}};
    for (std::int64_t i = 0; i < map.weights.rows * map.weights.columns; ++i) {
      map.weights.values.push_back(static_cast<float>(random.uniform()));
    }
    for (std::int64_t i = 0; i < map.weights.rows; ++i) map.row_labels.push_back(random_word(random));
    for (std::int64_t i = 0; i < map.weights.columns; ++i) map.column_labels.push_back(random_word(random));
    Page page;
    const Scene& scene = page.heatmap(map);
    expect_labels_apart(scene);
    expect_all_on_page(scene);
  }
}

}  // namespace
}  // namespace attnviz::render
