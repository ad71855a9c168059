// Notes, swatches and colour bars: what is written beside the cells.
#include <gtest/gtest.h>

#include <algorithm>

#include "render/scenes.h"
#include "render/segments.h"

namespace attnviz::render {
namespace {

/// Words of letters, each of which fits the narrowest room of these tests.
std::vector<std::string> random_words(test::Random& random) {
  std::vector<std::string> words(static_cast<std::size_t>(1 + random.below(40)));
  for (std::string& word : words) word = std::string(static_cast<std::size_t>(1 + random.below(12)), 'm');
  return words;
}

/// As many words on each line as fit.
std::vector<std::string> greedy_lines(Shaper& shaper, const std::vector<std::string>& words, int room) {
  std::vector<std::string> lines = {words.front()};
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string longer = lines.back() + " " + words[i];
    if (shaper.line(longer, kLabelSize)->pixels() <= room) {
      lines.back() = longer;
    } else {
      lines.push_back(words[i]);
    }
  }
  return lines;
}

TEST(Note, IsBrokenAtBlanksIntoAsFewLinesAsTheRoomAllows) {
  test::Random random(5);
  for (int round = 0; round < 60; ++round) {
    Page page;
    const std::vector<std::string> words = random_words(random);
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    const int room = 200 + random.below(600);
    const int bottom = draw_note(page.pen(), text, 10, 20, room);
    const auto expected = greedy_lines(page.pen().shaper, words, room);
    const auto lines = items_of<Text>(page.pen().scene);
    ASSERT_EQ(lines.size(), expected.size()) << text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i].shaped, page.pen().shaper.line(expected[i], kLabelSize)) << expected[i];
      EXPECT_LE(inner(lines[i]).right(), 10 + room);
      EXPECT_LE(lines[i].box.bottom(), bottom);
      EXPECT_TRUE(i == 0 || lines[i].box.y >= lines[i - 1].box.bottom()) << "lines follow each other";
    }
  }
}

TEST(Note, AWordThatIsTooLongForALineIsCut) {
  Page page;
  draw_note(page.pen(), "a " + std::string(200, 'm') + " b", 10, 20, 300);
  for (const Text& line : items_of<Text>(page.pen().scene)) EXPECT_LE(inner(line).right(), 310);
  EXPECT_EQ(items_of<Text>(page.pen().scene).size(), 3U);
}

TEST(Note, OfNothingTakesNoRoom) {
  Page page;
  EXPECT_EQ(draw_note(page.pen(), "", 10, 20, 300), 20);
  EXPECT_TRUE(page.pen().scene.items().empty());
}

TEST(Swatches, StayBetweenTheirBordersAndDoNotCollide) {
  test::Random random(7);
  for (int round = 0; round < 60; ++round) {
    Page page;
    std::vector<std::pair<Swatch, std::string>> items;
    for (int i = random.below(12); i >= 0; --i) items.emplace_back(swatch_of(i), random_word(random));
    const int right = 140 + random.below(500);
    const int bottom = draw_swatches(page.pen(), items, 24, 50, right);
    const auto texts = items_of<Text>(page.pen().scene);
    ASSERT_EQ(texts.size(), items.size()) << "each is named";
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_LE(inner(texts[i]).right(), right);
      EXPECT_LE(texts[i].box.bottom(), bottom);
      for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(overlap(inner(texts[i]), inner(texts[j])));
    }
  }
}

TEST(Swatches, OfNothingTakeNoRoom) {
  Page page;
  EXPECT_EQ(draw_swatches(page.pen(), {}, 24, 50, 400), 50);
}

TEST(ColorBar, ShowsEveryStepFromTheLowEndToTheTop) {
  for (const bool difference : {false, true}) {
    Page page;
    const Scale scale(ColorScale::kSqrt, 0.7, difference);
    const int left = draw_color_bar(page.pen(), scale, false, 30, 500);
    const auto grids = items_of<Grid>(page.pen().scene);
    ASSERT_EQ(grids.size(), 1U);
    EXPECT_EQ(grids[0].x, left);
    EXPECT_TRUE(std::is_sorted(grids[0].colors.begin(), grids[0].colors.end()));
    EXPECT_EQ(grids[0].colors.front(), scale.color(difference ? -0.7 : 0));
    EXPECT_EQ(grids[0].colors.back(), scale.color(0.7));
    for (const Text& tick : items_of<Text>(page.pen().scene)) EXPECT_LE(inner(tick).right(), 500);
  }
}

TEST(ColorBar, HasAnArrowBeyondEachEndThatIsClipped) {
  const auto shapes = [](bool clipped, bool difference) {
    Page page;
    draw_color_bar(page.pen(), Scale(ColorScale::kLinear, 1, difference), clipped, 30, 500);
    return page.pen().scene.items().size();
  };
  EXPECT_GT(shapes(true, false), shapes(false, false));
  EXPECT_EQ(shapes(true, true) - shapes(false, true), 2 * (shapes(true, false) - shapes(false, false)));
}

}  // namespace
}  // namespace attnviz::render
