/// Where tokens lie on the text that people read.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "render/fixtures.h"
#include "render/reading_view.h"
#include "render/segments.h"

namespace attnviz::render {
namespace {

class ReadingTest : public ::testing::Test {
 protected:
  ReadingLayout lay_out(const Sequence& sequence, int width = 600) {
    return lay_out_reading(shaper_, sequence, width);
  }
  Fonts fonts_{{}, false};
  Shaper shaper_{fonts_};
};

Unit token_at(std::int64_t begin, std::int64_t end) {
  Unit token;
  token.place = TextSpan{{begin, end}};
  return token;
}

/// Boxes of each token, over all lines.
std::map<std::int64_t, int> widths(const ReadingLayout& layout) {
  std::map<std::int64_t, int> result;
  for (const ReadingLine& line : layout.lines) {
    for (const TokenBox& box : line.tokens) result[box.token] += box.right - box.left;
  }
  return result;
}

TEST_F(ReadingTest, LinesFitAndFollowEachOther) {
  const auto sequence = test::encode(test::long_text(59) + " and so on");
  for (const int width : {200, 640, 1400}) {
    const ReadingLayout layout = lay_out(*sequence, width);
    for (std::size_t i = 0; i < layout.lines.size(); ++i) {
      const ReadingLine& line = layout.lines[i];
      EXPECT_EQ(line.y, static_cast<int>(i) * kReadingPitch);
      std::int32_t inked = 0;  // blanks may hang over the edge
      for (const Cluster& cluster : line.shaped->clusters) {
        const bool blank = sequence->text[cluster.begin] == ' ';
        if (!blank && cluster.end > cluster.begin) inked = std::max(inked, cluster.right);
      }
      EXPECT_LE(line.x * 64 + inked, (width + 5) * 64);
    }
    EXPECT_EQ(layout.height, static_cast<int>(layout.lines.size()) * kReadingPitch);
  }
}

TEST_F(ReadingTest, BoxesOfALineDoNotOverlapAndEveryTokenHasOne) {
  const auto sequence = test::encode(test::long_text(300) + " שלום עולם العربية é中文", 4);
  const ReadingLayout layout = lay_out(*sequence);
  for (const ReadingLine& line : layout.lines) {
    for (std::size_t i = 1; i < line.tokens.size(); ++i)
      EXPECT_GE(line.tokens[i].left, line.tokens[i - 1].right);
  }
  const auto found = widths(layout);
  for (std::size_t i = 0; i < sequence->units.size(); ++i) {
    EXPECT_TRUE(found.count(static_cast<std::int64_t>(i))) << sequence->units[i].label;
  }
}

TEST_F(ReadingTest, EqualSpansShareTheirWidth) {
  Sequence sequence;
  sequence.text = "a😀b";
  sequence.units = {token_at(0, 1), token_at(1, 5), token_at(1, 5), token_at(1, 5), token_at(5, 6)};
  const auto found = widths(lay_out(sequence));
  ASSERT_EQ(found.size(), 5U);
  EXPECT_NEAR(found.at(1), found.at(2), 1);
  EXPECT_NEAR(found.at(2), found.at(3), 1);
  EXPECT_NEAR(found.at(1) + found.at(2) + found.at(3), shaper_.line("😀", kReadingSize)->width, 2);
}

TEST_F(ReadingTest, OverlappingSpansShareOnlyWhatTheyShare) {
  Sequence sequence;
  sequence.text = "abcd";
  sequence.units = {token_at(0, 3), token_at(2, 4)};
  const ReadingLayout layout = lay_out(sequence);
  const auto& boxes = layout.lines[0].tokens;
  ASSERT_EQ(boxes.size(), 2U);
  EXPECT_EQ(boxes[0].right, boxes[1].left);
  EXPECT_EQ(boxes[1].right, layout.lines[0].shaped->width + 128) << "two pixels of padding";
}

TEST_F(ReadingTest, TokensOfALigatureOrAMarkStillShow) {
  Sequence sequence;
  sequence.text = "e\u0301x";
  sequence.units = {token_at(0, 1), token_at(1, 3), token_at(3, 4)};
  EXPECT_EQ(widths(lay_out(sequence)).size(), 3U);
}

TEST_F(ReadingTest, RightToLeftParagraphsAreSetFlushRightInVisualOrder) {
  const auto sequence = test::encode("שלום עולם");
  const ReadingLayout layout = lay_out(*sequence, 500);
  EXPECT_GT(layout.lines[0].x, 350);
  const auto& boxes = layout.lines[0].tokens;
  EXPECT_GT(boxes.front().token, boxes.back().token);
}

TEST_F(ReadingTest, NewlinesBreakLinesAndAreShownWhereATokenCoversThem) {
  Sequence sequence;
  sequence.text = "ab\ncd";
  sequence.units = {token_at(0, 2), token_at(3, 5)};
  EXPECT_EQ(lay_out(sequence).lines[0].shaped->clusters.size(), 2U);
  sequence.units.push_back(token_at(2, 3));
  const ReadingLayout layout = lay_out(sequence);
  ASSERT_EQ(layout.lines.size(), 2U);
  EXPECT_EQ(layout.lines[0].shaped->clusters.size(), 3U);
}

TEST_F(ReadingTest, NamedSegmentsBeginLinesWithTheirNames) {
  const auto sequence = test::encode_segments({{"one", "a b "}, {"", "glue "}, {"two", "c d"}}, " e");
  const ReadingLayout layout = lay_out(*sequence);
  ASSERT_EQ(layout.names.size(), 4U);
  EXPECT_EQ(layout.names[3].name, kOutsideName);
  EXPECT_EQ(layout.names[0].name, "one");
  EXPECT_EQ(layout.names[1].name, "two");
  EXPECT_EQ(layout.names[2].name, "generated");
  EXPECT_LT(layout.names[0].y, layout.names[1].y);
  EXPECT_LT(layout.names[1].y, layout.names[2].y);
  EXPECT_GT(layout.gutter, 0);
}

/// Places of the segments of all lines.
std::vector<int> places_of(const ReadingLayout& layout) {
  std::vector<int> places;
  for (const ReadingLine& line : layout.lines) places.push_back(line.segment);
  return places;
}

TEST_F(ReadingTest, GlueIsNotTakenForTheSegmentBeforeIt) {
  const auto glued = test::encode_segments({{"one", "a"}, {"", "\n\nanswer: "}, {"two", "c"}}, " e");
  EXPECT_EQ(places_of(lay_out(*glued)), (std::vector<int>{0, 0, kGluePlace, 1, kGeneratedPlace, kGluePlace}));
  const auto blank = test::encode_segments({{"one", "a"}, {"", " \n"}, {"two", "c"}});
  EXPECT_EQ(places_of(lay_out(*blank)), (std::vector<int>{0, 1, kGluePlace})) << "blanks end the line";
}

TEST_F(ReadingTest, TokensThatAreNotInTheTextStandBelowIt) {
  const auto sequence = test::with_template(test::encode("one two"));
  const ReadingLayout layout = lay_out(*sequence);
  ASSERT_EQ(layout.lines.size(), 2U);
  ASSERT_EQ(layout.lines[1].tokens.size(), 2U);
  EXPECT_EQ(layout.lines[1].tokens[0].token, 0);
  EXPECT_EQ(layout.lines[1].tokens[1].token, 3);
  EXPECT_EQ(layout.gutter, 0) << "without segments there is nothing to name";
}

TEST_F(ReadingTest, APairStandsBelowTheText) {
  Sequence sequence;
  sequence.text = "first";
  sequence.pair = "second";
  sequence.units = {token_at(0, 5), token_at(0, 6)};
  std::get<TextSpan>(sequence.units[1].place).pair = true;
  const ReadingLayout layout = lay_out(sequence);
  ASSERT_EQ(layout.lines.size(), 2U);
  EXPECT_EQ(layout.lines[0].tokens[0].token, 0);
  EXPECT_EQ(layout.lines[1].tokens[0].token, 1);
  EXPECT_GT(layout.lines[1].y, layout.lines[0].y);
}

TEST_F(ReadingTest, NamesOfAPairStandAtTheirOwnSentences) {
  auto sequence = test::encode_pair("is it far ?", "it is near .");
  const ReadingLayout layout = lay_out(*sequence);
  ASSERT_EQ(layout.lines.size(), 3U) << "two sentences, and the tokens of the template";
  ASSERT_EQ(layout.names.size(), 3U);
  EXPECT_EQ(layout.names[0].name, "A");
  EXPECT_EQ(layout.names[1].name, "B");
  for (const std::size_t line : {0U, 1U}) {
    EXPECT_EQ(layout.names[line].y, layout.lines[line].y);
    EXPECT_EQ(layout.lines[line].segment, static_cast<int>(line)) << "its colour";
    EXPECT_FALSE(layout.lines[line].tokens.empty());
  }
  sequence->segments.pop_back();
  assign_segments(*sequence);
  const ReadingLayout half = lay_out(*sequence);
  EXPECT_EQ(half.names[0].name, "A");
  EXPECT_EQ(half.names[1].name, "pair") << "without a name of its own";
  EXPECT_EQ(half.lines[1].segment, kGluePlace);
}

TEST_F(ReadingTest, EveryTokenStandsOnALineOfItsOwnSegment) {
  test::Random random(12);
  for (int round = 0; round < 60; ++round) {
    const auto text = test::random_parts(random);
    const auto pair = test::random_parts(random);
    const auto sequence = test::encode_segments(text, round % 2 == 0 ? " and so" : "", pair);
    const std::vector<int> places = token_places(*sequence);
    std::set<std::int64_t> seen;
    for (const ReadingLine& line : lay_out(*sequence).lines) {
      for (const TokenBox& box : line.tokens) {
        EXPECT_EQ(line.segment, places[static_cast<std::size_t>(box.token)]) << round;
        seen.insert(box.token);
      }
    }
    EXPECT_EQ(seen.size(), sequence->units.size()) << round;
  }
}

TEST_F(ReadingTest, AWordLongerThanTheLineIsCutAndOneThatFitsTheNextIsNot) {
  const auto sequence = test::encode("short " + std::string(300, 'x'), 400);
  const ReadingLayout layout = lay_out(*sequence, 300);
  EXPECT_GT(layout.lines.size(), 5U);
  const auto words = test::encode("aaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbb", 40);
  EXPECT_EQ(lay_out(*words, 250).lines[1].shaped->clusters.size(), 15U);
}

TEST_F(ReadingTest, HostileSpansDoNoHarm) {
  Sequence sequence;
  sequence.text = "héllo";
  sequence.segments = {{"x", {{-5, 900}}}, {"y", {{900, 1000}}}, {"z", {{2, 3}}}};
  sequence.units = {token_at(-4, 2), token_at(3, 2), token_at(2, 2), token_at(4, 4000)};
  EXPECT_GT(lay_out(sequence).height, 0);
  sequence.text.clear();
  EXPECT_EQ(lay_out(sequence).lines.size(), 0U);
}

}  // namespace
}  // namespace attnviz::render
