#include <gtest/gtest.h>

#include "attnviz/core.h"

namespace attnviz {
namespace {

TEST(FindInvalidUtf8, AcceptsTheEdgesOfEveryLength) {
  EXPECT_EQ(find_invalid_utf8(""), std::nullopt);
  EXPECT_EQ(find_invalid_utf8(std::string_view("\0", 1)), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"),
            std::nullopt);
  EXPECT_EQ(find_invalid_utf8("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), std::nullopt);
}

TEST(FindInvalidUtf8, NamesTheOffsetOfTheFirstBadByte) {
  EXPECT_EQ(find_invalid_utf8("ab\x80"), 2U);
  EXPECT_EQ(find_invalid_utf8("a\xC0\x80"), 1U) << "overlong, two bytes";
  EXPECT_EQ(find_invalid_utf8("\xE0\x9F\xBF"), 0U) << "overlong, three bytes";
  EXPECT_EQ(find_invalid_utf8("\xF0\x8F\xBF\xBF"), 0U) << "overlong, four bytes";
  EXPECT_EQ(find_invalid_utf8("x\xED\xA0\x80"), 1U) << "surrogate";
  EXPECT_EQ(find_invalid_utf8("\xF4\x90\x80\x80"), 0U) << "above U+10FFFF";
  EXPECT_EQ(find_invalid_utf8("\xF5\x80\x80\x80"), 0U);
  EXPECT_EQ(find_invalid_utf8("ab\xE2\x82"), 2U) << "cut off";
  EXPECT_EQ(find_invalid_utf8("\xC3"), 0U) << "cut off";
}

Sequence two_segments() {
  Sequence sequence;
  sequence.text = "one two three";
  sequence.segments = {{"a", {{0, 6}}}, {"b", {{6, 13}}}};
  return sequence;
}

TEST(AssignSegments, PicksTheSegmentWithMostBytes) {
  Sequence sequence = two_segments();
  sequence.units.resize(4);
  sequence.units[0].place = TextSpan{{0, 3}};
  sequence.units[1].place = TextSpan{{4, 9}};  // two bytes of a, three of b
  sequence.units[2].place = TextSpan{{4, 8}};  // two of each: the first
  sequence.units[3].place = TextSpan{{8, 13}};
  assign_segments(sequence);
  EXPECT_EQ(sequence.units[0].segment, 0);
  EXPECT_EQ(sequence.units[1].segment, 1);
  EXPECT_EQ(sequence.units[2].segment, 0);
  EXPECT_EQ(sequence.units[3].segment, 1);
}

TEST(Error, SaysAllOfASentenceThatHoldsNul) {
  EXPECT_STREQ(Error(ErrorKind::kInput, std::string_view("a\0b", 3)).what(), "a\uFFFDb");
}

TEST(AssignSegments, LeavesOutWhatHasNoBytesOfTheText) {
  Sequence sequence = two_segments();
  sequence.units.resize(3);
  sequence.units[1].place = TextSpan{{6, 6}};  // empty
  sequence.units[2].place = TextSpan{{13, 20}};
  sequence.units[2].generated = true;
  for (Unit& token : sequence.units) token.segment = 7;
  assign_segments(sequence);
  for (const Unit& token : sequence.units) EXPECT_EQ(token.segment, -1);
}

}  // namespace
}  // namespace attnviz
