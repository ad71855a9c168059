// What is cut off texts that are too long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "attnviz/core.h"
#include "tokenizer/pipeline.h"

namespace attnviz::tokenizer {
namespace {

using Strategy = Truncation::Strategy;
using testing::HasSubstr;

/// A part of `count` tokens with ids from `first` on, each a word of its own.
Part part_of(std::size_t count, std::uint32_t first) {
  Part part(count);
  for (std::size_t i = 0; i < count; ++i) {
    part[i].id = first + static_cast<std::uint32_t>(i);
    part[i].word = static_cast<int>(i);
  }
  return part;
}

std::vector<std::uint32_t> ids_of(const Part& part) {
  std::vector<std::uint32_t> ids;
  for (const SequenceToken& token : part) ids.push_back(token.id);
  return ids;
}

struct Cut {
  std::size_t first = 0;
  std::size_t second = 0;
  std::int64_t gone = 0;
};

Cut cut(std::size_t first, std::size_t second, Truncation truncation, std::size_t added) {
  std::vector<Part> parts{part_of(first, 0), part_of(second, 1000)};
  const std::int64_t gone = truncate(parts, truncation, added, "test");
  return {parts[0].size(), parts[1].size(), gone};
}

TEST(Truncation, OfOneTextKeepsItsBeginningOrItsEnd) {
  std::vector<Part> parts{part_of(6, 0)};
  EXPECT_EQ(truncate(parts, {5, Strategy::kLongestFirst, false}, 2, "test"), 3);
  EXPECT_EQ(ids_of(parts[0]), (std::vector<std::uint32_t>{0, 1, 2}));
  parts = {part_of(6, 0)};
  EXPECT_EQ(truncate(parts, {5, Strategy::kLongestFirst, true}, 2, "test"), 3);
  EXPECT_EQ(ids_of(parts[0]), (std::vector<std::uint32_t>{3, 4, 5}));
}

TEST(Truncation, LeavesShortTextsAlone) {
  std::vector<Part> parts{part_of(3, 0)};
  EXPECT_EQ(truncate(parts, {5, Strategy::kLongestFirst, false}, 2, "test"), 0);
  EXPECT_EQ(parts[0].size(), 3U);
  parts = {Part{}};
  EXPECT_EQ(truncate(parts, {5, Strategy::kOnlyFirst, false}, 2, "test"), 0);
}

/// The definition: take one token from the longer text, the second of equals, until both fit.
std::pair<std::size_t, std::size_t> one_by_one(std::size_t first, std::size_t second, std::size_t room) {
  while (first + second > room) --(first > second ? first : second);
  return {first, second};
}

TEST(Truncation, OfAPairTakesFromTheLongerText) {
  for (std::size_t first = 0; first < 9; ++first) {
    for (std::size_t second = 0; second < 9; ++second) {
      for (std::size_t room = 1; room < 9; ++room) {
        const Cut got = cut(first, second, {room + 3, Strategy::kLongestFirst, false}, 3);
        const auto [a, b] = one_by_one(first, second, room);
        EXPECT_EQ(got.first + got.second, a + b) << first << " " << second << " " << room;
        EXPECT_LE(std::max(got.first, a) - std::min(got.first, a), 1U) << "the odd token may go to either";
        EXPECT_EQ(got.gone, static_cast<std::int64_t>(first + second - a - b));
      }
    }
  }
}

TEST(Truncation, OfOneOfAPairLeavesTheOtherWhole) {
  const Cut first = cut(6, 2, {7, Strategy::kOnlyFirst, false}, 3);
  EXPECT_EQ(std::pair(first.first, first.second), std::pair(std::size_t{2}, std::size_t{2}));
  EXPECT_EQ(first.gone, 4);
  const Cut second = cut(2, 6, {7, Strategy::kOnlySecond, true}, 3);
  EXPECT_EQ(std::pair(second.first, second.second), std::pair(std::size_t{2}, std::size_t{2}));
}

std::string error_of(std::vector<Part> parts, Truncation truncation) {
  try {
    truncate(parts, truncation, 1, "in/tokenizer.json");
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(Truncation, SaysWhyItCannotBeDone) {
  EXPECT_THAT(error_of({part_of(9, 0)}, {4, Strategy::kOnlySecond, false}),
              HasSubstr("in/tokenizer.json: truncation OnlySecond to 4 tokens needs a second text"));
  EXPECT_THAT(error_of({part_of(2, 0), part_of(9, 50)}, {4, Strategy::kOnlyFirst, false}),
              HasSubstr("should cut 8 tokens of a text of 2"));
}

TEST(Truncation, KeepsWholeWordsOfWhatTheModelStopsAt) {
  // The reference stops the model once a text has enough tokens, but lets it finish the word it is in.
  std::vector<Part> parts{part_of(6, 0)};
  for (std::size_t i = 0; i < 6; ++i) parts[0][i].word = static_cast<int>(i / 3);
  EXPECT_EQ(truncate(parts, {2, Strategy::kLongestFirst, false}, 3, "test"), 3) << "no room for the template";
  EXPECT_EQ(ids_of(parts[0]), (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST(Truncation, KeepsOrderAndNeighbours) {
  std::mt19937 random(71);
  for (int round = 0; round < 500; ++round) {
    std::vector<Part> parts{part_of(random() % 12, 0), part_of(random() % 12, 100)};
    const std::vector<Part> before = parts;
    const bool keep_end = random() % 2 == 0;
    truncate(parts, {random() % 12 + 4, Strategy::kLongestFirst, keep_end}, 3, "test");
    for (std::size_t i = 0; i < 2; ++i) {
      const auto all = ids_of(before[i]);
      const auto kept = ids_of(parts[i]);
      const auto begin = keep_end ? all.end() - static_cast<std::ptrdiff_t>(kept.size()) : all.begin();
      ASSERT_EQ(kept, std::vector(begin, begin + static_cast<std::ptrdiff_t>(kept.size())));
    }
  }
}

}  // namespace
}  // namespace attnviz::tokenizer
