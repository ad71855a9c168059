// Tokens merged into words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.h"

namespace attnviz::tokenizer {
namespace {

using testing::ElementsAre;

/// One token for each of `pieces`, which lie in `text` one after the other.
Encoding encoded(const std::string& text, const std::vector<std::string>& pieces,
                 const std::string& generated = "") {
  Encoding encoding;
  encoding.text = text;
  encoding.generated = generated;
  std::int64_t at = 0;
  for (const std::string& piece : pieces) {
    Token token;
    token.piece = piece;
    token.text = piece.size() > 1 && piece[0] == ' ' ? piece.substr(1) : piece;  // as labels leave it out
    token.span = Span{at, at + static_cast<std::int64_t>(piece.size())};
    at = token.span->end;
    encoding.tokens.push_back(token);
  }
  return encoding;
}

std::vector<std::string> words(const Encoding& encoding) { return test::labels(merge_words(encoding)); }

TEST(MergeWords, JoinsPartsOfAWordButNotItsNeighbours) {
  const auto encoding = encoded("the harbour-master's boat.",
                                {"the", " har", "bour", "-", "mas", "ter", "'", "s", " bo", "at", "."});
  EXPECT_THAT(words(encoding), ElementsAre("the", "harbour", "-", "master's", "boat", "."));
  const Encoding merged = merge_words(encoding);
  EXPECT_EQ(merged.merged[1], (Span{1, 3}));
  EXPECT_EQ(*merged.tokens[1].span, (Span{3, 11}));
}

TEST(MergeWords, FindsWordsWithoutSpacesByDictionary) {
  EXPECT_THAT(words(encoded("ภาษาไทย", {"ภา", "ษา", "ไท", "ย"})), ElementsAre("ภาษา", "ไทย"));
}

TEST(MergeWords, KeepsNumbersWhole) {
  EXPECT_THAT(words(encoded("in 3.14 s", {"in", " 3", ".", "14", " s"})), ElementsAre("in", "3.14", "s"));
}

TEST(MergeWords, GivesALoneSpaceToTheWordBehindIt) {
  Encoding encoding = encoded("a bc", {"a", " ", "b", "c"});
  encoding.tokens[1].piece = "▁";
  EXPECT_THAT(words(encoding), ElementsAre("a", "bc"));
}

TEST(MergeWords, JoinsTheBytesOfOneCharacter) {
  Encoding encoding = encoded("\xF0\x9F\x98\x80!", {"\xF0\x9F\x98\x80", "!"});
  encoding.tokens.insert(encoding.tokens.begin(),
                         encoding.tokens.front());  // two bytes each, drawn on all four
  EXPECT_THAT(words(encoding), ElementsAre("\xF0\x9F\x98\x80", "!"));
}

TEST(MergeWords, EndsAWordWhereTheModelBeganToWrite) {
  EXPECT_THAT(words(encoded("the capi", {"the", " capi", "tal", " of"}, "tal of")),
              ElementsAre("the", "capi", "tal", "of"));
}

TEST(MergeWords, DoesNotGiveTheLastSpaceOfAPromptToWhatIsWritten) {
  Encoding encoding = encoded("a ", {"a", " ", "bc"}, "bc");
  EXPECT_EQ(merge_words(encoding).tokens.size(), 3U);
}

TEST(MergeWords, LeavesSpecialTokensAndTokensWithoutBytesAlone) {
  Encoding encoding = encoded("ab", {"a", "b"});
  encoding.tokens[0].special = true;
  EXPECT_EQ(merge_words(encoding).tokens.size(), 2U);
  encoding.tokens[0].special = false;
  encoding.tokens[1].span.reset();
  EXPECT_EQ(merge_words(encoding).tokens.size(), 2U);
  EXPECT_TRUE(merge_words(Encoding{}).tokens.empty());
}

TEST(MergeWords, OfAPairStayInTheirSentence) {
  Encoding encoding = encoded("ab", {"a", "b"});
  encoding.pair = "cd";
  for (const std::int64_t at : {0, 1}) {
    Token token;
    token.sequence = 1;
    token.span = Span{at, at + 1};
    encoding.tokens.push_back(token);
  }
  EXPECT_THAT(words(encoding), ElementsAre("ab", "cd"));
}

}  // namespace
}  // namespace attnviz::tokenizer
