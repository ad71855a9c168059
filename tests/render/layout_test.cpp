/// Properties of pages on random inputs: labels do not collide, nothing leaves its box, every source is
/// accounted for, and the pixels say what the numbers say.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "render/glyphs.h"
#include "render/raster.h"
#include "render/scenes.h"
#include "render/unicode.h"

namespace attnviz::render {
namespace {

class RandomPages : public ::testing::TestWithParam<int> {};

TEST_P(RandomPages, LabelsDoNotCollideAndStayOnThePage) {
  test::Random random(static_cast<std::uint64_t>(GetParam()));
  for (int round = 0; round < 12; ++round) {
    Page page(random_options(random));
    const Scene& scene = page.token(random_map(random));
    expect_labels_apart(scene);
    expect_all_on_page(scene);
    if (HasFailure()) FAIL() << "round " << round;
  }
}

TEST_P(RandomPages, EverySourceIsLabelledOrCounted) {
  test::Random random(static_cast<std::uint64_t>(GetParam()) + 100);
  for (int round = 0; round < 12; ++round) {
    const TokenMap map = random_map(random);
    Page page;
    const std::vector<Text> texts = items_of<Text>(page.token(map));
    const auto labelled =
        std::count_if(texts.begin(), texts.end(), [](const Text& t) { return t.role == Role::kColumn; });
    const std::size_t sources = map.views[0].sources.size();
    const std::string note = std::to_string(sources) + " sources, " + std::to_string(labelled) + " labelled";
    const bool counted = std::any_of(texts.begin(), texts.end(), [&](const Text& text) {
      return text.role == Role::kNote && text.shaped->glyphs.size() >= note.size() &&
             std::equal(text.shaped->glyphs.begin(),
                        text.shaped->glyphs.begin() + static_cast<std::ptrdiff_t>(note.size()),
                        page.pen().shaper.line(note, kLabelSize)->glyphs.begin(),
                        [](const Glyph& a, const Glyph& b) { return a.id == b.id; });
    });
    EXPECT_TRUE(static_cast<std::size_t>(labelled) == sources || counted) << labelled << " of " << sources;
  }
}

/// The weight that a colour stands for, and how far a true one may be from it.
std::pair<double, double> read_back(const Scale& scale, std::uint8_t color) {
  const double step = 1.0 / (kColorSteps - 1);
  const double weight = scale.weight(color * step);
  return {weight, std::max(weight - scale.weight(std::max(0.0, (color - 0.5) * step)),
                           scale.weight(std::min(1.0, (color + 0.5) * step)) - weight) +
                      1e-9};
}

TEST_P(RandomPages, ThePixelsSumToTheNumbers) {
  test::Random random(static_cast<std::uint64_t>(GetParam()) + 200);
  for (const ColorScale kind : {ColorScale::kSqrt, ColorScale::kLinear}) {
    RenderOptions options;
    options.scale = kind;
    options.top = {ScaleTop::Kind::kValue, 1.0};
    options.system_fonts = false;
    const TokenMap map = random_map(random);
    Page page(options);
    const Scene& scene = page.token(map);
    Glyphs glyphs(page.fonts());
    const Image image =
        rasterise(scene, scene.right(), scene.bottom(), Colors(options.colormap, options.theme), glyphs);
    std::vector<Grid> grids = items_of<Grid>(scene);
    std::erase_if(grids, [](const Grid& grid) {
      return grid.columns == 200 && grid.cell_height == 10;
    });  // colour bars
    ASSERT_EQ(grids.size(), 2 * map.views[0].reductions.size() + map.views[0].per_head.size());
    const Scale scale(kind, 1.0);
    for (std::size_t i = 0; i < map.views[0].reductions.size(); ++i) {
      const ReducedAttention& reduced = map.views[0].reductions[i];
      double sum = 0;
      double off = 0;
      double truth = 0;
      for (const float weight : reduced.layers.values) truth += weight;
      const Grid& grid = grids[2 * i];
      ASSERT_EQ(grid.columns, reduced.layers.columns);
      for (int row = 0; row < grid.rows; ++row) {
        for (int column = 0; column < grid.columns; ++column) {
          const int x = grid.x + column * grid.cell_width;
          const int y = grid.y + row * grid.cell_height;
          const auto [weight, error] =
              read_back(scale, image.pixels()[static_cast<std::size_t>(y * image.width() + x)]);
          EXPECT_NEAR(weight, reduced.layers.at(row, column), error);
          sum += weight;
          off += error;
        }
      }
      EXPECT_NEAR(sum, truth, off);
      EXPECT_NEAR(truth, static_cast<double>(reduced.layers.rows), 1e-3) << "rows of attention sum to 1";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPages, ::testing::Range(1, 7));

TEST(Raster, NothingOfATextIsDrawnOutsideOfItsBox) {
  test::Random random(5);
  Page page;
  Glyphs glyphs(page.fonts());
  const Colors colors(Colormap::kViridis, Theme::kLight);
  for (int round = 0; round < 200; ++round) {
    Scene scene;
    const std::string label = label_text(random_word(random) + "\u0301\u0301\u0301\u0301", 24);
    const auto shaped = page.pen().shaper.line(label, 11);
    const Rect box = round % 2 == 0 ? scene.text(shaped, 30, 30, Ink::kText, Role::kNote)
                                    : scene.text_up(shaped, 30, 30, Ink::kText, Role::kNote);
    const Image image = rasterise(scene, 460, 460, colors, glyphs);
    int inked = 0;
    for (int y = 0; y < image.height(); ++y) {
      for (int x = 0; x < image.width(); ++x) {
        if (image.pixels()[static_cast<std::size_t>(y * image.width() + x)] == color::kPaper) continue;
        ++inked;
        ASSERT_TRUE(x >= box.x && x < box.right() && y >= box.y && y < box.bottom()) << round;
      }
    }
    EXPECT_GT(inked, 0) << ::testing::PrintToString(label);
  }
}

TEST(Raster, TurnedTextIsTheSameTextTurned) {
  Page page;
  Glyphs glyphs(page.fonts());
  const Colors colors(Colormap::kViridis, Theme::kLight);
  const auto shaped = page.pen().shaper.line("Velmora", 11);
  Scene flat;
  Scene turned;
  flat.text(shaped, 10, 10, Ink::kText, Role::kNote);
  turned.text_up(shaped, 10, 10, Ink::kText, Role::kNote);
  const Image a = rasterise(flat, 80, 80, colors, glyphs);
  const Image b = rasterise(turned, 80, 80, colors, glyphs);
  const int length = shaped->pixels();
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < length; ++x) {
      EXPECT_EQ(a.pixels()[static_cast<std::size_t>((10 + y) * 80 + 10 + x)],
                b.pixels()[static_cast<std::size_t>((10 + length - 1 - x) * 80 + 10 + y)]);
    }
  }
}

// -------------------------------------------------------------------------------------------------------
// axis

TEST(Axis, LabelsKeepTheirPitchTheirOrderAndEveryWantedSource) {
  test::Random random(9);
  for (int round = 0; round < 500; ++round) {
    Columns columns;
    columns.left = 80;
    columns.sources = 1 + random.below(round % 5 == 0 ? 5000 : 400);
    columns.bin = sources_per_column(columns.sources);
    columns.cell_width = cell_size(columns.count(), 1, false).width;
    const bool bunched = random.below(2) == 0;
    for (std::int64_t i = 0; i < columns.sources; ++i) {
      const bool near = std::abs(i - columns.sources / 2) < 5;
      columns.attended.push_back(static_cast<float>(bunched && near ? 1.0 : random.uniform() * 0.9));
    }
    columns.query = random.below(static_cast<int>(columns.sources));
    const int high = std::max(columns.left + columns.width() - 7, columns.left + 600);
    const std::vector<PlacedLabel> labels = place_labels(columns, 14, columns.left + 1, high);
    std::set<std::int64_t> seen;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      EXPECT_GE(labels[i].label_center, columns.left + 1);
      EXPECT_LE(labels[i].label_center, high);
      EXPECT_TRUE(seen.insert(labels[i].source).second);
      if (i == 0) continue;
      EXPECT_GE(labels[i].label_center - labels[i - 1].label_center, 14);
      EXPECT_GE(labels[i].column_center, labels[i - 1].column_center) << "leader lines do not cross";
    }
    for (const std::int64_t wanted : {std::int64_t{0}, columns.sources - 1, *columns.query}) {
      EXPECT_TRUE(seen.count(wanted));
    }
    const auto most =
        std::max_element(columns.attended.begin(), columns.attended.end()) - columns.attended.begin();
    EXPECT_TRUE(seen.count(most));
  }
}

TEST(Axis, LeadersOfOthersKeepClearOfTheQuery) {
  test::Random random(10);
  for (int round = 0; round < 200; ++round) {
    Page page;
    Columns columns;
    columns.left = 80;
    columns.sources = 2 + random.below(1500);
    columns.cell_width = cell_size(columns.count(), 1, false).width;
    const std::int64_t query = random.below(static_cast<int>(columns.sources));
    columns.query = query;
    for (std::int64_t i = 0; i < columns.sources; ++i)  // most is attended around the query
      columns.attended.push_back(static_cast<float>(random.uniform() / (1 + std::abs(i - query))));
    draw_axis(page.pen(), columns, 10, 1500);
    const Scene& scene = page.pen().scene;
    std::vector<Rect> of_query;
    for (const Fill& fill : items_of<Fill>(scene)) of_query.push_back(fill.box);
    for (const Text& text : items_of<Text>(scene)) {
      if (text.ink == Ink::kAccent) of_query.push_back(inner(text));
    }
    for (const Line& line : items_of<Line>(scene)) {
      const Rect box = {std::min(line.x0, line.x1), std::min(line.y0, line.y1),
                        std::abs(line.x1 - line.x0) + 1, std::abs(line.y1 - line.y0) + 1};
      for (const Rect& mark : of_query)
        EXPECT_TRUE(line.color == color::kAccent || !overlap(box, mark)) << columns.sources << " " << query;
      for (const Text& text : items_of<Text>(scene)) EXPECT_FALSE(overlap(box, inner(text)));
    }
  }
}

TEST(Axis, WhereThereIsRoomEveryLabelStandsUnderItsColumn) {
  Columns columns;
  columns.sources = 64;
  columns.cell_width = 21;
  columns.attended.assign(64, 0.1F);
  const auto labels = place_labels(columns, 14, 0, 64 * 21);
  ASSERT_EQ(labels.size(), 64U);
  for (const PlacedLabel& label : labels) EXPECT_EQ(label.label_center, label.column_center);
}

// -------------------------------------------------------------------------------------------------------
// cells

TEST(Cells, AreWholePixelsWithinTheBounds) {
  for (std::int64_t columns = 1; columns <= 4096; columns += 1 + columns / 9) {
    for (const std::int64_t rows : {1, 2, 12, 48, 96, 700}) {
      const CellSize cell = cell_size(columns, rows, false);
      EXPECT_GE(cell.width, 1);
      EXPECT_LE(cell.width, 48);
      EXPECT_LE(cell.width * columns, std::max<std::int64_t>(1380, columns));
      EXPECT_LE(cell.height * rows, std::max<std::int64_t>(640, rows));
    }
  }
  EXPECT_EQ(cell_size(2000, 2, false).height, 14) << "two layers of a long text stay legible";
  EXPECT_EQ(cell_size(11, 600, true).width, 14) << "so do a few columns of many rows";
  EXPECT_EQ(cell_size(20, 20, true).width, cell_size(20, 20, true).height);
}

TEST(Cells, BinsKeepTheLargestAndWhatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> values = {0.1F, 0.9F, 0.2F, nan, 0.3F};
  Clipped clipped;
  const Scale scale(ColorScale::kLinear, 1.0);
  const Grid grid = color_cells({values, {}, 1, 5}, 1, 2, scale, clipped);
  EXPECT_EQ(grid.colors, (std::vector<std::uint8_t>{scale.color(0.9F), color::kHatch, scale.color(0.3F)}));
  EXPECT_FALSE(clipped.any());
}

TEST(Cells, MaskedOnesAreGreyUnlessSomethingInTheBinIsSeen) {
  const std::vector<float> values = {0.0F, 0.0F, 0.4F, 0.0F};
  const std::vector<std::uint8_t> masked = {1, 1, 0, 1};
  Clipped clipped;
  const Scale scale(ColorScale::kLinear, 1.0);
  EXPECT_EQ(color_cells({values, masked, 1, 4}, 1, 2, scale, clipped).colors,
            (std::vector<std::uint8_t>{color::kMasked, scale.color(0.4F)}));
}

TEST(Cells, TheLargestClippedWeightIsFound) {
  const std::vector<float> values = {0.1F, 0.7F, 0.93F, 0.2F};
  Clipped clipped;
  const Grid grid = color_cells({values, {}, 2, 2}, 1, 1, Scale(ColorScale::kSqrt, 0.5), clipped);
  EXPECT_EQ(clipped.column, 0);
  EXPECT_FLOAT_EQ(static_cast<float>(clipped.largest), 0.93F);
  EXPECT_EQ(std::count(grid.colors.begin(), grid.colors.end(), color::kOver), 2);
}

TEST(Bins, BeginPast4096Sources) {
  EXPECT_EQ(sources_per_column(1), 1);
  EXPECT_EQ(sources_per_column(4096), 1);
  EXPECT_EQ(sources_per_column(4097), 2);
  EXPECT_EQ(sources_per_column(8192), 2);
  EXPECT_EQ(sources_per_column(100000), 25);
}

}  // namespace
}  // namespace attnviz::render
