// Which source of one run is which of the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "diff/comparison.h"
#include "diff/runs.h"

namespace attnviz::diff {
namespace {

using test::make_run;
using test::reduced;
using Texts = std::vector<std::string>;

SavedRun run_over(const Texts& texts) {
  return make_run(texts, {{texts.size() - 1, {reduced("mean", {std::vector<float>(texts.size(), 0.5F)})}}});
}

Texts random_texts(std::mt19937& random) {
  Texts texts(1 + random() % 12);
  for (std::string& text : texts) text = std::string(1, static_cast<char>('a' + random() % 4));
  return texts;
}

TEST(Columns, HoldEverySourceOfBothOnceAndInOrder) {
  std::mt19937 random(37);
  for (int round = 0; round < 300; ++round) {
    const SavedRun a = run_over(random_texts(random)), b = run_over(random_texts(random));
    const bool same = random() % 2 == 0;
    const Columns columns(a, b, AttentionKind::kSelf, same);
    std::size_t shared = 0;
    std::vector<std::size_t> used(columns.count(), 0);
    for (std::size_t side = 0; side < 2; ++side) {
      std::size_t next = 0;
      for (const SavedSource& source : (side == 0 ? a : b).maps[0].views[0].sources) {
        const std::size_t column = columns.of(side, source);
        EXPECT_GE(column, next) << "in the order of the run";
        next = column + 1;
        EXPECT_EQ(columns.source(column).text, source.text);
        shared += used.at(column)++;
      }
    }
    EXPECT_EQ(std::count(used.begin(), used.end(), 0U), 0) << "a column of neither";
    EXPECT_EQ(a.positions.size() - columns.alone(0), shared);
    EXPECT_EQ(b.positions.size() - columns.alone(1), shared);
    EXPECT_EQ(columns.count(), shared + columns.alone(0) + columns.alone(1));
  }
}

TEST(Columns, OfTheSameTokensAreTiedByPosition) {
  // By their texts alone, the two would be partners.
  const SavedRun a = make_run({"the", "the"}, {{0, {reduced("mean", {{1}})}}});
  SavedRun b = make_run({"the", "the"}, {{1, {reduced("mean", {{0, 1}})}}});
  b.maps[0].views[0].sources = {{1, "the", false}};
  EXPECT_EQ(Columns(a, b, AttentionKind::kSelf, true).count(), 2U);
  EXPECT_EQ(Columns(a, b, AttentionKind::kSelf, false).count(), 1U);
}

TEST(Columns, OfAKindThatIsNotThereAreNone) {
  const SavedRun run = run_over({"a", "b"});
  EXPECT_EQ(Columns(run, run, AttentionKind::kCross, true).count(), 0U);
}

TEST(CommonLayers, AreRowsOfTheSameLayer) {
  std::mt19937 random(41);
  for (int round = 0; round < 200; ++round) {
    std::array<SavedView, 2> views;
    for (SavedView& view : views) {
      for (int layer = 0; layer < 9; ++layer) {
        if (random() % 2 == 0) view.layers.push_back(layer);
      }
    }
    const auto rows = common_layers(views[0], views[1]);
    std::vector<int> common, expected;
    for (const auto& [a, b] : rows) {
      EXPECT_EQ(views[0].layers.at(a), views[1].layers.at(b));
      common.push_back(views[0].layers[a]);
    }
    std::set_intersection(views[0].layers.begin(), views[0].layers.end(), views[1].layers.begin(),
                          views[1].layers.end(), std::back_inserter(expected));
    EXPECT_EQ(common, expected);
  }
}

}  // namespace
}  // namespace attnviz::diff
