// Tokens merged into words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "support.h"

namespace attnviz::tokenizer {
namespace {

using testing::ElementsAre;

/// One unit for each of `pieces`, which lie in `text` and, behind it, `generated` one after the other.
Sequence encoded(const std::string& text, const std::vector<std::string>& pieces,
                 const std::string& generated = "") {
  Sequence sequence;
  sequence.text = text;
  sequence.generated = generated;
  std::int64_t at = 0;
  for (const std::string& piece : pieces) {
    Unit unit;
    unit.piece = piece;
    unit.label = piece.size() > 1 && piece[0] == ' ' ? piece.substr(1) : piece;  // as labels leave it out
    const std::int64_t end = at + static_cast<std::int64_t>(piece.size());
    unit.place = TextSpan{{at, end}};
    unit.generated = at >= static_cast<std::int64_t>(text.size());
    at = end;
    sequence.units.push_back(unit);
  }
  return sequence;
}

std::vector<std::string> labels(const Sequence& sequence) {
  std::vector<std::string> labels;
  for (const Unit& unit : sequence.units) labels.push_back(unit.label);
  return labels;
}

std::vector<std::string> words(const Sequence& sequence) { return labels(merge_words(sequence)); }

TEST(MergeWords, JoinsPartsOfAWordButNotItsNeighbours) {
  const auto sequence = encoded("the harbour-master's boat.",
                                {"the", " har", "bour", "-", "mas", "ter", "'", "s", " bo", "at", "."});
  EXPECT_THAT(words(sequence), ElementsAre("the", "harbour", "-", "master's", "boat", "."));
  const Sequence merged = merge_words(sequence);
  EXPECT_EQ(merged.merged[1], (Span{1, 3}));
  EXPECT_EQ(*merged.units[1].text(), (TextSpan{{3, 11}}));
}

TEST(MergeWords, FindsWordsWithoutSpacesByDictionary) {
  EXPECT_THAT(words(encoded("ภาษาไทย", {"ภา", "ษา", "ไท", "ย"})), ElementsAre("ภาษา", "ไทย"));
}

TEST(MergeWords, KeepsNumbersWhole) {
  EXPECT_THAT(words(encoded("in 3.14 s", {"in", " 3", ".", "14", " s"})), ElementsAre("in", "3.14", "s"));
}

TEST(MergeWords, GivesALoneSpaceToTheWordBehindIt) {
  Sequence sequence = encoded("a bc", {"a", " ", "b", "c"});
  sequence.units[1].piece = "▁";
  EXPECT_THAT(words(sequence), ElementsAre("a", "bc"));
}

TEST(MergeWords, JoinsTheBytesOfOneCharacter) {
  Sequence sequence = encoded("\xF0\x9F\x98\x80!", {"\xF0\x9F\x98\x80", "!"});
  sequence.units.insert(sequence.units.begin(),
                        sequence.units.front());  // two bytes each, drawn on all four
  EXPECT_THAT(words(sequence), ElementsAre("\xF0\x9F\x98\x80", "!"));
}

TEST(MergeWords, EndsAWordWhereTheModelBeganToWrite) {
  EXPECT_THAT(words(encoded("the capi", {"the", " capi", "tal", " of"}, "tal of")),
              ElementsAre("the", "capi", "tal", "of"));
}

TEST(MergeWords, DoesNotGiveTheLastSpaceOfAPromptToWhatIsWritten) {
  Sequence sequence = encoded("a ", {"a", " ", "bc"}, "bc");
  EXPECT_EQ(merge_words(sequence).units.size(), 3U);
}

TEST(MergeWords, LeavesSpecialTokensAndTokensWithoutBytesAlone) {
  Sequence sequence = encoded("ab", {"a", "b"});
  sequence.units[0].special = true;
  EXPECT_EQ(merge_words(sequence).units.size(), 2U);
  sequence.units[0].special = false;
  sequence.units[1].place = {};
  EXPECT_EQ(merge_words(sequence).units.size(), 2U);
  EXPECT_TRUE(merge_words(Sequence{}).units.empty());
}

/// A text of random words cut into random tokens.
Sequence random_sequence(std::mt19937& random) {
  static const std::string kParts[] = {"the", "har",    "bour",   " ",      "-",  ".", "3",
                                       "14",  "\u00E9", "\u4E2D", "\u0E01", "'s", "\n"};
  std::string text;
  std::vector<std::string> pieces;
  for (std::size_t n = random() % 12; n > 0; --n) {
    pieces.push_back(kParts[random() % std::size(kParts)]);
    if (random() % 3 == 0) pieces.back() = " " + pieces.back();
    text += pieces.back();
  }
  Sequence sequence = encoded(text, pieces);
  for (Unit& unit : sequence.units) {
    if (random() % 12 == 0) unit.special = true;
    if (random() % 12 == 0) unit.place = {};
  }
  return sequence;
}

TEST(MergeWords, OfAnyTextCoverEveryTokenOnceAndInOrder) {
  std::mt19937 random(139);
  for (int round = 0; round < 500; ++round) {
    const Sequence sequence = random_sequence(random);
    const Sequence merged = merge_words(sequence);
    ASSERT_EQ(merged.units.size(), merged.merged.size());
    std::int64_t next = 0;
    for (std::size_t i = 0; i < merged.merged.size(); ++i) {
      const Span& part = merged.merged[i];
      ASSERT_EQ(part.begin, next);
      ASSERT_LT(part.begin, part.end);
      next = part.end;
      const Unit& first = sequence.units[static_cast<std::size_t>(part.begin)];
      const Unit& last = sequence.units[static_cast<std::size_t>(part.end) - 1];
      EXPECT_EQ(merged.units[i].id, first.id);
      ASSERT_EQ(merged.units[i].text() != nullptr, first.text() != nullptr);
      if (first.text() == nullptr) continue;
      EXPECT_EQ(merged.units[i].text()->begin, first.text()->begin);
      EXPECT_EQ(merged.units[i].text()->end, last.text()->end);
    }
    ASSERT_EQ(next, static_cast<std::int64_t>(sequence.units.size()));
  }
}

TEST(MergeWords, HaveTheBytesOfTheirTokensForAPieceAndNoSpacesAroundTheirLabel) {
  std::mt19937 random(149);
  for (int round = 0; round < 300; ++round) {
    const Sequence sequence = random_sequence(random);
    const Sequence merged = merge_words(sequence);
    for (std::size_t i = 0; i < merged.units.size(); ++i) {
      const Span& part = merged.merged[i];
      std::string piece;
      for (std::int64_t at = part.begin; at < part.end; ++at)
        piece += sequence.units[static_cast<std::size_t>(at)].piece;
      ASSERT_EQ(merged.units[i].piece, piece);
      if (part.end - part.begin == 1) continue;
      ASSERT_FALSE(merged.units[i].label.starts_with(' ') || merged.units[i].label.ends_with(' '));
      ASSERT_NE(piece.find(merged.units[i].label), std::string::npos);
    }
  }
}

TEST(MergeWords, OfWordsThatAreWholeChangeNothing) {
  std::mt19937 random(151);
  int compared = 0;
  for (int round = 0; round < 400; ++round) {
    const Sequence once = merge_words(random_sequence(random));
    if (once.text.find("  ") != std::string::npos) continue;  // a run of spaces belongs to no word
    Sequence again = once;
    again.merged.clear();
    ASSERT_EQ(words(again), labels(once)) << once.text;
    ++compared;
  }
  EXPECT_GT(compared, 100);
}

TEST(MergeWords, OfAPairStayInTheirSentence) {
  Sequence sequence = encoded("ab", {"a", "b"});
  sequence.pair = "cd";
  for (const std::int64_t at : {0, 1}) {
    Unit unit;
    unit.place = TextSpan{{at, at + 1}, true};
    sequence.units.push_back(unit);
  }
  EXPECT_THAT(words(sequence), ElementsAre("ab", "cd"));
}

}  // namespace
}  // namespace attnviz::tokenizer
