#include "run/encode_record.h"

#include <gtest/gtest.h>

#include "run/fakes.h"

namespace attnviz::run {
namespace {

using testing::LetterTokenizer;

TEST(EncodeRecord, JoinsSegmentsAsTheyAreAndTiesTokensToThem) {
  const LetterTokenizer letters;
  const Sequence sequence =
      encode_source({.segments = {{"a", "xy"}, {"", "-"}, {"b", "z"}}}, &letters).sequence;
  EXPECT_EQ(sequence.text, "xy-z");
  ASSERT_EQ(sequence.segments.size(), 3U);
  EXPECT_EQ(sequence.segments[2].span, (TextSpan{{3, 4}}));
  std::vector<int> segments;
  for (const Unit& token : sequence.units) segments.push_back(token.segment);
  EXPECT_EQ(segments, (std::vector<int>{-1, 0, 0, 1, 2}));
}

TEST(EncodeRecord, TakesIdsWithAndWithoutATokenizer) {
  const LetterTokenizer letters;
  EXPECT_EQ(encode_source({.ids = {'a', 'b'}}, &letters).sequence.units[1].label, "b");
  const Sequence bare = encode_source({.ids = {7, 8}}, nullptr).sequence;
  EXPECT_EQ(bare.units[0].label, "#7");
  EXPECT_EQ(bare.units[1].id, 8);
  EXPECT_EQ(bare.units[0].text(), nullptr);
}

TEST(EncodeRecord, SaysWhatIsMissingOrWrong) {
  const LetterTokenizer letters;
  EXPECT_THROW(encode_source({.text = "a"}, nullptr), Error);
  EXPECT_THROW(encode_source({.text = "a\xFF"}, &letters), Error);
  EXPECT_THROW(encode_source({.segments = {{"generated", "x"}}, .generate = 3}, &letters), Error);
  EXPECT_NO_THROW(encode_source({.segments = {{"generated", "x"}}}, &letters));
}

TEST(EncodeRecord, TakesNoSegmentNameTwiceButGlue) {
  const LetterTokenizer letters;
  EXPECT_THROW(encode_source({.segments = {{"a", "x"}, {"b", "y"}, {"a", "z"}}}, &letters), Error);
  EXPECT_NO_THROW(encode_source({.segments = {{"", "x"}, {"b", "y"}, {"", "z"}}}, &letters));
}

TEST(EncodeRecord, TiesThePartsOfAPairToTheirOwnText) {
  const LetterTokenizer letters;
  const EncodedSide side = encode_source({.text = "ab", .pair = "cde"}, &letters);
  const Sequence& sequence = side.sequence;
  ASSERT_EQ(sequence.segments.size(), 2U);
  EXPECT_EQ(sequence.segments[0].span, (TextSpan{{0, 2}, false}));
  EXPECT_EQ(sequence.segments[1].span, (TextSpan{{0, 3}, true}));
  std::vector<int> segments;
  for (const Unit& unit : sequence.units) segments.push_back(unit.segment);
  EXPECT_EQ(segments, (std::vector<int>{-1, 0, 0, 1, 1, 1}));
  EXPECT_EQ(side.type_ids, (std::vector<std::int64_t>{0, 0, 0, 1, 1, 1}));
}

TEST(AppendGenerated, SpansCoverTheGeneratedText) {
  const LetterTokenizer letters;
  Sequence sequence = encode_source({.text = "ab"}, &letters).sequence;
  append_generated(sequence, {' ', 'c', 'd'}, &letters);
  EXPECT_EQ(sequence.generated, " cd") << "the space that the decoder drops from a first word is kept";
  ASSERT_EQ(sequence.units.size(), 6U);
  EXPECT_EQ(*sequence.units[3].text(), (TextSpan{{2, 3}}));
  EXPECT_EQ(*sequence.units[5].text(), (TextSpan{{4, 5}}));
  EXPECT_EQ(sequence.units[5].label, "d");
}

TEST(AppendGenerated, WorksWithoutATokenizer) {
  Sequence sequence = encode_source({.ids = {1}}, nullptr).sequence;
  append_generated(sequence, {5}, nullptr);
  EXPECT_EQ(sequence.units.at(1).label, "#5");
  EXPECT_EQ(sequence.generated, "");
}

}  // namespace
}  // namespace attnviz::run
