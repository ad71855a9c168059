// Tokens merged into words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

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

/// A text of random words cut into random tokens.
Encoding random_encoding(std::mt19937& random) {
  static const std::string kParts[] = {"the", "har",    "bour",   " ",      "-",  ".", "3",
                                       "14",  "\u00E9", "\u4E2D", "\u0E01", "'s", "\n"};
  std::string text;
  std::vector<std::string> pieces;
  for (std::size_t n = random() % 12; n > 0; --n) {
    pieces.push_back(kParts[random() % std::size(kParts)]);
    if (random() % 3 == 0) pieces.back() = " " + pieces.back();
    text += pieces.back();
  }
  Encoding encoding = encoded(text, pieces);
  for (Token& token : encoding.tokens) {
    if (random() % 12 == 0) token.special = true;
    if (random() % 12 == 0) token.span.reset();
  }
  return encoding;
}

TEST(MergeWords, OfAnyTextCoverEveryTokenOnceAndInOrder) {
  std::mt19937 random(139);
  for (int round = 0; round < 500; ++round) {
    const Encoding encoding = random_encoding(random);
    const Encoding merged = merge_words(encoding);
    ASSERT_EQ(merged.tokens.size(), merged.merged.size());
    std::int64_t next = 0;
    for (std::size_t i = 0; i < merged.merged.size(); ++i) {
      const Span& part = merged.merged[i];
      ASSERT_EQ(part.begin, next);
      ASSERT_LT(part.begin, part.end);
      next = part.end;
      const Token& first = encoding.tokens[static_cast<std::size_t>(part.begin)];
      const Token& last = encoding.tokens[static_cast<std::size_t>(part.end) - 1];
      EXPECT_EQ(merged.tokens[i].id, first.id);
      EXPECT_EQ(merged.tokens[i].word, static_cast<int>(i));
      ASSERT_EQ(merged.tokens[i].span.has_value(), first.span.has_value());
      if (!first.span) continue;
      EXPECT_EQ(merged.tokens[i].span->begin, first.span->begin);
      EXPECT_EQ(merged.tokens[i].span->end, last.span->end);
    }
    ASSERT_EQ(next, static_cast<std::int64_t>(encoding.tokens.size()));
  }
}

TEST(MergeWords, HaveTheBytesOfTheirTokensForAPieceAndNoSpacesAroundTheirLabel) {
  std::mt19937 random(149);
  for (int round = 0; round < 300; ++round) {
    const Encoding encoding = random_encoding(random);
    const Encoding merged = merge_words(encoding);
    for (std::size_t i = 0; i < merged.tokens.size(); ++i) {
      const Span& part = merged.merged[i];
      std::string piece;
      for (std::int64_t at = part.begin; at < part.end; ++at)
        piece += encoding.tokens[static_cast<std::size_t>(at)].piece;
      ASSERT_EQ(merged.tokens[i].piece, piece);
      if (part.end - part.begin == 1) continue;
      ASSERT_FALSE(merged.tokens[i].text.starts_with(' ') || merged.tokens[i].text.ends_with(' '));
      ASSERT_NE(piece.find(merged.tokens[i].text), std::string::npos);
    }
  }
}

TEST(MergeWords, OfWordsThatAreWholeChangeNothing) {
  std::mt19937 random(151);
  for (int round = 0; round < 200; ++round) {
    const Encoding once = merge_words(random_encoding(random));
    Encoding again = once;
    again.merged.clear();
    again = merge_words(again);
    std::vector<std::string> before = test::labels(once);
    ASSERT_EQ(test::labels(again).size(), before.size());
  }
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
