/// Properties of overviews and of pages of single matrices.
#include <gtest/gtest.h>

#include <algorithm>

#include "render/scenes.h"

namespace attnviz::render {
namespace {

TEST(Overview, LabelsDoNotCollide) {
  for (const auto& [layers, heads, side] : {std::tuple{1, 1, 1}, {2, 3, 7}, {4, 8, 48}, {6, 2, 96}}) {
    Page page;
    const auto sequence = test::encode("the harbour master of Velmora is Tessin");
    const std::vector<Heatmap> summaries = {test::make_summary(*sequence, "mean", 0.5),
                                            test::make_summary(*sequence, "max", 0)};
    const Scene& scene = page.overview(test::make_heads(layers, heads, side, side % 2 == 0), summaries);
    expect_labels_apart(scene);
    expect_all_on_page(scene);
  }
}

/// Grids of thumbnails, without the bars of colours.
std::vector<Grid> thumbnails(const Scene& scene) {
  std::vector<Grid> grids = items_of<Grid>(scene);
  std::erase_if(grids, [](const Grid& grid) { return grid.columns == 200; });
  return grids;
}

TEST(Overview, ThumbnailsAreWholePixelsAndGrowWhereThereAreFew) {
  const auto width = [](int layers, int heads, int side) {
    Page page;
    const auto grids = thumbnails(page.overview(test::make_heads(layers, heads, side, true), {}));
    for (const Grid& grid : grids) EXPECT_EQ(grid.box().width, grids[0].box().width);
    EXPECT_LE(grids.back().box().right(), kMargin + 1600);
    return grids[0].box().width;
  };
  EXPECT_EQ(width(1, 1, 96), 288);
  EXPECT_EQ(width(2, 4, 96), 192);
  EXPECT_EQ(width(2, 4, 50), 150) << "three whole pixels for each cell";
  EXPECT_EQ(width(12, 12, 96), 96);
  EXPECT_EQ(width(12, 12, 50), 50);
}

/// Whether a query of row `row` of 96 that was run sees a key of column `column`; windows as in
/// adaptive_max_pool2d.
bool sees(std::int64_t row, std::int64_t column, std::int64_t queries, std::int64_t first) {
  for (std::int64_t query = row * queries / 96; query < ((row + 1) * queries + 95) / 96; ++query) {
    for (std::int64_t key = column * queries / 96; key < ((column + 1) * queries + 95) / 96; ++key) {
      if (query >= first && key <= query) return true;
    }
  }
  return false;
}

/// Heads of a causal model of which queries from `first` on were run.
std::vector<HeadSummary> long_heads(std::int64_t queries, std::int64_t first) {
  auto heads = test::make_heads(2, 2, 1, true);
  for (HeadSummary& head : heads) {
    head.queries = head.keys = queries;
    head.thumbnail = {96, 96, {}};
    for (int cell = 0; cell < 96 * 96; ++cell)
      head.thumbnail.values.push_back(sees(cell / 96, cell % 96, queries, first) ? 0.5F : 0.0F);
  }
  return heads;
}

TEST(Overview, OfLongInputsWhatIsNotSeenOrNotRunIsGrey) {
  for (const auto& [queries, first] : {std::pair{200, 0}, {997, 0}, {997, 700}}) {
    Page page;
    const auto heads = long_heads(queries, first);
    for (const Grid& grid : thumbnails(page.overview(heads, {}))) {
      const std::size_t skipped = 96 * 96 - grid.colors.size();
      EXPECT_EQ(skipped, static_cast<std::size_t>(first * 96 / queries * 96))
          << "rows above all that were run";
      for (std::size_t i = 0; i < grid.colors.size(); ++i)
        EXPECT_EQ(grid.colors[i] == color::kMasked, heads[0].thumbnail.values[skipped + i] == 0.0F);
    }
  }
}

TEST(Overview, QueriesThatWereNotRunAreSaid) {
  Page page;
  page.overview(long_heads(960, 705), {});
  EXPECT_EQ(
      page.texts(
              "queries before 700 were not run · grey: not seen · 960 × 960 weights in 96 × 96 cells, each "
              "the largest of its own",
              kLabelSize)
          .size(),
      1U);
}

TEST(Overview, PoolingIsSaidWhereThereIsAny) {
  Page page;
  page.overview(long_heads(200, 0), {});
  const std::string note = "grey: not seen · 200 × 200 weights in 96 × 96 cells, each the largest of its own";
  EXPECT_EQ(page.texts(note, kLabelSize).size(), 1U);
  Page small;
  auto heads = test::make_heads(2, 2, 20, false);
  for (HeadSummary& head : heads) head.queries = head.keys = 20;
  for (const Text& text : items_of<Text>(small.overview(heads, {}))) {
    EXPECT_NE(text.shaped, small.pen().shaper.line("grey: not seen", kLabelSize));
  }
}

TEST(Overview, ZerosThatAQueryCouldSeeAreZeros) {
  auto heads = test::make_heads(1, 2, 12, false);
  for (HeadSummary& head : heads) head.thumbnail.values[12 * 7 + 3] = 0;  // before the query
  heads[0].thumbnail.values[12 * 3 + 7] = 0;  // after it, but the other head looks there
  Page page;
  for (const Grid& grid : thumbnails(page.overview(heads, {})))
    EXPECT_EQ(std::count(grid.colors.begin(), grid.colors.end(), color::kMasked), 0);
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

TEST(Overview, TheHeadWithTheMostOfAStatisticIsMarked) {
  auto heads = test::make_heads(2, 2, 8, true);
  for (HeadSummary& head : heads) {
    head.entropy = 3;
    head.previous = head.self = 0.05;
    head.induction.reset();
    head.duplicate.reset();
  }
  heads[2].previous = 0.91;
  heads[1].entropy = 0.5;
  Page page;
  const Scene& scene = page.overview(heads, {});
  std::vector<std::shared_ptr<const ShapedText>> marked;
  for (const Item& item : scene.items()) {
    const auto* text = std::get_if<Text>(&item);
    if (text != nullptr && text->ink == Ink::kAccent) marked.push_back(text->shaped);
  }
  const std::vector<std::shared_ptr<const ShapedText>> expected = {
      page.pen().shaper.line("ent", kCellTextSize), page.pen().shaper.line("0.50", kCellTextSize),
      page.pen().shaper.line("prev", kCellTextSize), page.pen().shaper.line(".91", kCellTextSize)};
  EXPECT_EQ(marked, expected);
  const auto fills = items_of<Fill>(scene);
  EXPECT_EQ(
      std::count_if(fills.begin(), fills.end(), [](const Fill& f) { return f.color == color::kAccent; }), 16)
      << "two frames of two pixels, four edges each";
}

TEST(Overview, StatisticsThatDoNotApplyAreLeftOut) {
  auto heads = test::make_heads(1, 2, 8, false);
  for (HeadSummary& head : heads) head.kind = AttentionKind::kCross;
  Page page;
  page.overview(heads, {});
  EXPECT_EQ(page.texts("sink", kCellTextSize).size(), 2U);
  for (const char* name : {"prev", "self", "ind", "dup"})
    EXPECT_EQ(page.texts(name, kCellTextSize).size(), 0U) << name;
}

TEST(Overview, MarginsHoldTheMeanOverHeadsAndOverLayers) {
  Page page;
  const Scene& scene = page.overview(test::make_heads(3, 2, 8, true), {});
  int thumbnails = 0;
  for (const Item& item : scene.items()) {
    const auto* grid = std::get_if<Grid>(&item);
    thumbnails += grid != nullptr && grid->columns == 8 ? 1 : 0;
  }
  EXPECT_EQ(thumbnails, 3 * 2 + 3 + 2);
}

}  // namespace
}  // namespace attnviz::render
