#include <gtest/gtest.h>

#include "batch/fakes.h"

namespace attnviz {
namespace {

using testing::LetterTokenizer;

TEST(EncodeRecord, JoinsSegmentsAsTheyAreAndTiesTokensToThem) {
  const LetterTokenizer letters;
  const Encoding encoding = encode_record({.segments = {{"a", "xy"}, {"", "-"}, {"b", "z"}}}, &letters);
  EXPECT_EQ(encoding.text, "xy-z");
  ASSERT_EQ(encoding.segments.size(), 3U);
  EXPECT_EQ(encoding.segments[2].span, (Span{3, 4}));
  std::vector<int> segments;
  for (const Token& token : encoding.tokens) segments.push_back(token.segment);
  EXPECT_EQ(segments, (std::vector<int>{-1, 0, 0, 1, 2}));
}

TEST(EncodeRecord, TakesIdsWithAndWithoutATokenizer) {
  const LetterTokenizer letters;
  EXPECT_EQ(encode_record({.ids = {'a', 'b'}}, &letters).tokens[1].text, "b");
  const Encoding bare = encode_record({.ids = {7, 8}}, nullptr);
  EXPECT_EQ(bare.tokens[0].text, "#7");
  EXPECT_EQ(bare.tokens[1].id, 8);
  EXPECT_FALSE(bare.tokens[0].span);
}

TEST(EncodeRecord, SaysWhatIsMissingOrWrong) {
  const LetterTokenizer letters;
  EXPECT_THROW(encode_record({.text = "a"}, nullptr), Error);
  EXPECT_THROW(encode_record({.text = "a\xFF"}, &letters), Error);
  EXPECT_THROW(encode_record({.segments = {{"generated", "x"}}, .generate = 3}, &letters), Error);
  EXPECT_NO_THROW(encode_record({.segments = {{"generated", "x"}}}, &letters));
}

TEST(AppendGenerated, SpansCoverTheGeneratedText) {
  const LetterTokenizer letters;
  Encoding encoding = encode_record({.text = "ab"}, &letters);
  append_generated(encoding, {' ', 'c', 'd'}, &letters);
  EXPECT_EQ(encoding.generated, " cd") << "the space that the decoder drops from a first word is kept";
  ASSERT_EQ(encoding.tokens.size(), 6U);
  EXPECT_EQ(*encoding.tokens[3].span, (Span{2, 3}));
  EXPECT_EQ(*encoding.tokens[5].span, (Span{4, 5}));
  EXPECT_EQ(encoding.tokens[5].text, "d");
}

TEST(AppendGenerated, WorksWithoutATokenizer) {
  Encoding encoding = encode_record({.ids = {1}}, nullptr);
  append_generated(encoding, {5}, nullptr);
  EXPECT_EQ(encoding.tokens.at(1).text, "#5");
  EXPECT_EQ(encoding.generated, "");
}

}  // namespace
}  // namespace attnviz
