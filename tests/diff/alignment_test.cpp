#include "diff/alignment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace attnviz::diff {
namespace {

using Texts = std::vector<std::string>;

/// Length of a longest common subsequence by the table of the textbook.
std::size_t longest(const Texts& a, const Texts& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0));
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      table[i][j] =
          a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1 : std::max(table[i - 1][j], table[i][j - 1]);
    }
  }
  return table[a.size()][b.size()];
}

Texts random_texts(std::mt19937& random, int most) {
  Texts texts(random() % static_cast<unsigned>(most));
  for (std::string& text : texts) text = std::string(1, static_cast<char>('a' + random() % 4));
  return texts;
}

TEST(Align, FindsALongestCommonSubsequenceInOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    const Texts a = random_texts(random, 30), b = random_texts(random, 30);
    const auto pairs = align(a, b);
    EXPECT_EQ(pairs.size(), longest(a, b));
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      EXPECT_EQ(a.at(pairs[i].first), b.at(pairs[i].second));
      if (i == 0) continue;
      EXPECT_LT(pairs[i - 1].first, pairs[i].first);
      EXPECT_LT(pairs[i - 1].second, pairs[i].second);
    }
  }
}

TEST(Align, EqualTextsAreAlignedPlaceByPlaceHoweverLong) {
  Texts texts(200'000, "the");
  const auto pairs = align(texts, texts);
  ASSERT_EQ(pairs.size(), texts.size());
  EXPECT_TRUE(
      std::all_of(pairs.begin(), pairs.end(), [](const auto& pair) { return pair.first == pair.second; }));
}

TEST(Align, NothingInCommonGivesNothing) {
  EXPECT_TRUE(align(Texts{"a", "b"}, Texts{"c"}).empty());
  EXPECT_TRUE(align(Texts{}, Texts{"c"}).empty());
}

}  // namespace
}  // namespace attnviz::diff
