// Regular expressions, and what is done with their matches, against loops that do the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "attnviz/core.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/json.h"
#include "tokenizer/pattern.h"

namespace attnviz::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> matches(const std::string& expression, std::string_view text) {
  std::vector<std::string> found;
  Regex(expression, "test").for_each_match(text, [&](std::size_t begin, std::size_t end) {
    found.emplace_back(text.substr(begin, end - begin));
  });
  return found;
}

TEST(Regex, FindsFromLeftToRight) {
  EXPECT_THAT(matches("a+|b", "aabxba"), ElementsAre("aa", "b", "b", "a"));
  EXPECT_THAT(matches("x", "abc"), ElementsAre());
  EXPECT_THAT(matches("a", ""), ElementsAre());
}

TEST(Regex, KnowsTheClassesOfUnicode) {
  EXPECT_THAT(matches("\\p{L}+", "caf\u00E9 \u4E2D\u6587 12"), ElementsAre("caf\u00E9", "\u4E2D\u6587"));
  EXPECT_THAT(matches("\\p{N}", "1\u00BD\u2167"), ElementsAre("1", "\u00BD", "\u2167"));
  EXPECT_THAT(matches("\\s+", "a\u3000\u00A0b"), ElementsAre("\u3000\u00A0"));
  EXPECT_THAT(matches("(?i:'LL)", "I'll WE'LL"), ElementsAre("'ll", "'LL"));
  EXPECT_THAT(matches("[^\\s\\p{L}]+", "a!\u2014b"), ElementsAre("!\u2014"));
}

TEST(Regex, LooksAround) {
  EXPECT_THAT(matches("\\s+(?!\\S)", "a   b  "), ElementsAre("  ", "  "));
  EXPECT_THAT(matches("(?<=a)b", "abb ab"), ElementsAre("b", "b"));
}

TEST(Regex, OfEmptyMatchesStopsAtEveryCharacterOnce) {
  EXPECT_EQ(matches("", "\u00E9a").size(), 3U);
  EXPECT_EQ(matches("", "").size(), 1U);
}

std::string error_of(const std::string& expression) {
  try {
    Regex(expression, "in/tokenizer.json: pre_tokenizer Split");
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(Regex, ThatCannotBeCompiledIsAnError) {
  EXPECT_THAT(
      error_of("(a"),
      HasSubstr("in/tokenizer.json: pre_tokenizer Split: the regular expression \"(a\" cannot be compiled"));
  EXPECT_NE(error_of("*"), "");
  EXPECT_NE(error_of("[b-a]"), "");
  EXPECT_NE(error_of("\\p{Nothing}"), "");
  EXPECT_EQ(find_invalid_utf8(error_of("(\xC3")), std::nullopt);
}

TEST(Regex, MayBeMoved) {
  Regex first("a", "test");
  const Regex second = std::move(first);
  int count = 0;
  second.for_each_match("aba", [&](std::size_t, std::size_t) { ++count; });
  EXPECT_EQ(count, 2);
}

TEST(Pattern, IsReadFromItsTwoForms) {
  const auto read = [](const std::string& text) {
    const json::Document document(text, "file");
    const json::Fields fields(document.root(), "file", "thing");
    std::vector<Match> found;
    Pattern::read(fields, "pattern").cut("a.bcb", found);
    return found.size();
  };
  EXPECT_EQ(read(R"({"pattern":{"String":"."}})"), 3U) << "an exact text is no expression";
  EXPECT_EQ(read(R"({"pattern":{"Regex":"."}})"), 5U);
  EXPECT_EQ(read(R"({"pattern":{"String":"b"}})"), 4U);
  EXPECT_THROW(read(R"({"pattern":"b"})"), Error);
  EXPECT_THROW(read(R"({"pattern":{}})"), Error);
  EXPECT_THROW(read(R"({"pattern":{"Regex":7}})"), Error);
}

/// Where `behavior` puts the matches, by its definition.
std::vector<std::string> naively(SplitBehavior behavior, std::string_view text, char delimiter) {
  std::vector<std::pair<std::string, bool>> pieces;  // and whether it is a match
  for (const char c : text) {
    if (c == delimiter) {
      pieces.emplace_back(std::string(1, c), true);
    } else if (pieces.empty() || pieces.back().second) {
      pieces.emplace_back(std::string(1, c), false);
    } else {
      pieces.back().first += c;
    }
  }
  std::vector<std::string> parts;
  bool waiting = false;  // the last part is a match that the next one joins
  bool was_match = false;
  for (const auto& [piece, is_match] : pieces) {
    const bool join = (behavior == SplitBehavior::kMergedWithPrevious && is_match && !was_match) ||
                      (behavior == SplitBehavior::kMergedWithNext && !is_match && waiting) ||
                      (behavior == SplitBehavior::kContiguous && is_match && was_match);
    if (behavior == SplitBehavior::kRemoved && is_match) continue;
    if (join && !parts.empty()) {
      parts.back() += piece;
    } else {
      parts.push_back(piece);
    }
    was_match = waiting = is_match;
  }
  return parts;
}

TEST(SplitBehaviors, DoWhatTheirDefinitionSays) {
  std::mt19937 random(103);
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (std::size_t n = random() % 9; n > 0; --n)
      text += random() % 2 == 0 ? '-' : static_cast<char>('a' + random() % 2);
    for (const SplitBehavior behavior :
         {SplitBehavior::kRemoved, SplitBehavior::kIsolated, SplitBehavior::kMergedWithPrevious,
          SplitBehavior::kMergedWithNext, SplitBehavior::kContiguous}) {
      std::vector<Match> found;
      Pattern::literal("-").cut(text, found);
      apply_behavior(behavior, found);
      std::vector<std::string> parts;
      for (const Match& match : found) parts.push_back(text.substr(match.begin, match.end - match.begin));
      ASSERT_EQ(parts, naively(behavior, text, '-')) << text << " " << static_cast<int>(behavior);
    }
  }
}

TEST(Pattern, CutsTheWholeText) {
  std::mt19937 random(107);
  for (const char* const expression : {"a", "a*", "b+|a", "(?=b)", "ab?"}) {
    const Pattern pattern = Pattern::regex(expression, "test");
    for (int round = 0; round < 300; ++round) {
      std::string text;
      for (std::size_t n = random() % 10; n > 0; --n) text += static_cast<char>('a' + random() % 3);
      std::vector<Match> found;
      pattern.cut(text, found);
      std::uint32_t end = 0;
      for (const Match& match : found) {
        ASSERT_EQ(match.begin, end) << expression << " on " << text;
        ASSERT_LE(match.begin, match.end);
        end = match.end;
      }
      ASSERT_EQ(end, text.size()) << expression << " on " << text;
    }
  }
}

TEST(ReplaceAll, DoesWhatALoopDoes) {
  std::mt19937 random(109);
  const auto word = [&](std::size_t longest) {
    std::string text;
    for (std::size_t n = random() % (longest + 1); n > 0; --n) text += static_cast<char>('a' + random() % 2);
    return text;
  };
  for (int round = 0; round < 2'000; ++round) {
    const std::string text = word(12);
    const std::string from = word(3);
    const std::string to = word(3);
    std::string expected;
    for (std::size_t i = 0; i < text.size();) {
      const bool here = !from.empty() && text.compare(i, from.size(), from) == 0;
      expected += here ? to : text.substr(i, 1);
      i += here ? from.size() : 1;
    }
    ASSERT_EQ(replace_all(text, from, to), expected) << text << " " << from << " " << to;
    AlignedText aligned(text);
    replace_matches(aligned, Pattern::literal(from), to);
    ASSERT_EQ(aligned.text, expected);
    ASSERT_EQ(aligned.alignment.size(), expected.size());
  }
}

TEST(FromByteLevel, GivesBackAPieceThatIsNoByteSpelling) {
  EXPECT_EQ(from_byte_level("Ġa"), " a");
  EXPECT_EQ(from_byte_level("<|end|>"), "<|end|>");
  EXPECT_EQ(from_byte_level("a\u4E2D"), "a\u4E2D");
  EXPECT_EQ(from_byte_level("a b"), "a b") << "a space is no letter of the alphabet";
}

}  // namespace
}  // namespace attnviz::tokenizer
