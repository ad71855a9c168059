// Where each pre-tokenizer cuts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "stage_support.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/stages.h"
#include "tokenizer/unicode.h"

namespace attnviz::tokenizer {
namespace {

using test::cut;
using testing::ElementsAre;
using testing::IsEmpty;

std::string split(const std::string& pattern, const std::string& behavior, bool invert = false) {
  return R"({"type":"Split","pattern":)" + pattern + R"(,"behavior":")" + behavior + R"(","invert":)" +
         (invert ? "true}" : "false}");
}

std::string byte_level(bool prefix, bool regex) {
  return std::string(R"({"type":"ByteLevel","add_prefix_space":)") + (prefix ? "true" : "false") +
         R"(,"use_regex":)" + (regex ? "true}" : "false}");
}

std::string metaspace(const std::string& scheme, bool split = true) {
  return R"({"type":"Metaspace","replacement":"▁","prepend_scheme":")" + scheme + R"(","split":)" +
         (split ? "true}" : "false}");
}

TEST(BertPreTokenizer, CutsAtWhiteSpaceAndSetsPunctuationApart) {
  EXPECT_THAT(cut(R"({"type":"BertPreTokenizer"})", "Hello, don't $5\u3000x"),
              ElementsAre("Hello", ",", "don", "'", "t", "$", "5", "x"));
  EXPECT_THAT(cut(R"({"type":"BertPreTokenizer"})", "a\u3002b"), ElementsAre("a", "\u3002", "b"));
  EXPECT_THAT(cut(R"({"type":"BertPreTokenizer"})", " \t "), IsEmpty());
}

TEST(ByteLevelPreTokenizer, CutsAsGpt2AndSpellsBytes) {
  EXPECT_THAT(cut(byte_level(false, true), "I'll go  there 12x!?"),
              ElementsAre("I", "'ll", "Ġgo", "Ġ", "Ġthere", "Ġ12", "x", "!?"));
  EXPECT_THAT(cut(byte_level(false, true), "caf\u00E9\n\na "), ElementsAre("cafÃ©", "Ċ", "Ċ", "a", "Ġ"));
  EXPECT_THAT(cut(byte_level(false, false), "a b"), ElementsAre("aĠb"));
}

TEST(ByteLevelPreTokenizer, PutsASpaceInFrontWhereThereIsNone) {
  EXPECT_THAT(cut(byte_level(true, true), "a b"), ElementsAre("Ġa", "Ġb"));
  EXPECT_THAT(cut(byte_level(true, true), " a"), ElementsAre("Ġa"));
  EXPECT_THAT(cut(byte_level(true, true), "\na"), ElementsAre("Ġ", "Ċ", "a"));
  EXPECT_THAT(cut(byte_level(true, true), ""), IsEmpty());
}

TEST(Split, KeepsWhatItsBehaviorSays) {
  const std::string dash = R"({"String":"-"})";
  const std::string_view text = "-a--b-";
  EXPECT_THAT(cut(split(dash, "Removed"), text), ElementsAre("a", "b"));
  EXPECT_THAT(cut(split(dash, "Isolated"), text), ElementsAre("-", "a", "-", "-", "b", "-"));
  EXPECT_THAT(cut(split(dash, "MergedWithPrevious"), text), ElementsAre("-", "a-", "-", "b-"));
  EXPECT_THAT(cut(split(dash, "MergedWithNext"), text), ElementsAre("-a", "-", "-b", "-"));
  EXPECT_THAT(cut(split(dash, "Contiguous"), text), ElementsAre("-", "a", "--", "b", "-"));
}

TEST(Split, InvertedCutsAtWhatLiesBetween) {
  EXPECT_THAT(cut(split(R"({"Regex":"\\w+"})", "Removed", true), "ab, cd!"), ElementsAre("ab", "cd"));
  EXPECT_THAT(cut(split(R"({"Regex":"\\w+"})", "Isolated", true), "ab, cd!"),
              ElementsAre("ab", ", ", "cd", "!"));
}

TEST(Split, WithLookaheadLeavesTheLastSpaceToTheWord) {
  const std::string spaces = R"({"Regex":"\\s+(?!\\S)|\\s+"})";
  EXPECT_THAT(cut(split(spaces, "Isolated"), "a   b  "), ElementsAre("a", "  ", " ", "b", "  "));
}

TEST(Split, OfAnEmptyMatchCutsThere) {
  EXPECT_THAT(cut(split(R"-({"Regex":"(?=[A-Z])"})-", "Isolated"), "camelCaseText"),
              ElementsAre("camel", "Case", "Text"));
}

TEST(Whitespace, SetsWordsAndOtherCharactersApart) {
  EXPECT_THAT(cut(R"({"type":"Whitespace"})", "Hey, you_2! \u00E9t\u00E9...x"),
              ElementsAre("Hey", ",", "you_2", "!", "\u00E9t\u00E9", "...", "x"));
  EXPECT_THAT(cut(R"({"type":"Whitespace"})", "  "), IsEmpty());
}

TEST(WhitespaceSplit, CutsAtWhiteSpaceOnly) {
  EXPECT_THAT(cut(R"({"type":"WhitespaceSplit"})", " a,b\tc\u2028d "), ElementsAre("a,b", "c", "d"));
}

TEST(CharDelimiterSplit, CutsAtOneCharacter) {
  EXPECT_THAT(cut(R"({"type":"CharDelimiterSplit","delimiter":"é"})", "aébéé c"),
              ElementsAre("a", "b", " c"));
}

TEST(Digits, StandApartTogetherOrOneByOne) {
  EXPECT_THAT(cut(R"({"type":"Digits","individual_digits":false})", "a123b\u00BD"),
              ElementsAre("a", "123", "b", "\u00BD"));
  EXPECT_THAT(cut(R"({"type":"Digits","individual_digits":true})", "a123b"),
              ElementsAre("a", "1", "2", "3", "b"));
}

TEST(Punctuation, IsIsolatedUnlessToldOtherwise) {
  EXPECT_THAT(cut(R"({"type":"Punctuation"})", "a,b!!"), ElementsAre("a", ",", "b", "!", "!"));
  EXPECT_THAT(cut(R"({"type":"Punctuation","behavior":"Contiguous"})", "a,b!!"),
              ElementsAre("a", ",", "b", "!!"));
  EXPECT_THAT(cut(R"({"type":"Punctuation","behavior":"Removed"})", "a,b!!"), ElementsAre("a", "b"));
}

TEST(UnicodeScripts, CutsWhereTheScriptChanges) {
  EXPECT_THAT(cut(R"({"type":"UnicodeScripts"})", "abc\u0430\u0431\u4E2D\u3042\u30AB\u0431"),
              ElementsAre("abc", "\u0430\u0431", "\u4E2D\u3042\u30AB", "\u0431"));
  EXPECT_THAT(cut(R"({"type":"UnicodeScripts"})", "a b \u0430"), ElementsAre("a b ", "\u0430"))
      << "a space never cuts";
}

TEST(FixedLength, CountsCharacters) {
  EXPECT_THAT(cut(R"({"type":"FixedLength","length":2})", "a\u00E9\u4E2D\U0001F44Dz"),
              ElementsAre("a\u00E9", "\u4E2D\U0001F44D", "z"));
  EXPECT_THAT(cut(R"({"type":"FixedLength"})", "abcdefg"), ElementsAre("abcde", "fg"));
}

TEST(Metaspace, MarksSpacesAndTheBeginning) {
  EXPECT_THAT(cut(metaspace("always"), "a b  c"), ElementsAre("▁a", "▁b", "▁", "▁c"));
  EXPECT_THAT(cut(metaspace("always"), " a"), ElementsAre("▁a"));
  EXPECT_THAT(cut(metaspace("never"), "a b"), ElementsAre("a", "▁b"));
  EXPECT_THAT(cut(metaspace("always", false), "a b"), ElementsAre("▁a▁b"));
}

TEST(Metaspace, MarksOnlyTheFirstPartOfATextIfToldSo) {
  const auto marked = [](const std::string& scheme) {
    PreTokenized words = test::one_part("ab");
    words.splits = {{0, 1, 0, -1, {}}, {1, 2, 1, -1, {}}};
    test::make_stage(make_pre_tokenizer, metaspace(scheme))->pre_tokenize(words);
    return test::parts_of(words);
  };
  EXPECT_THAT(marked("first"), ElementsAre("▁a", "b"));
  EXPECT_THAT(marked("always"), ElementsAre("▁a", "▁b"));
  EXPECT_THAT(marked("never"), ElementsAre("a", "b"));
}

TEST(Metaspace, InItsOldSpelling) {
  EXPECT_THAT(cut(R"({"type":"Metaspace","replacement":"_","add_prefix_space":true})", "a b"),
              ElementsAre("_a", "_b"));
  EXPECT_THAT(cut(R"({"type":"Metaspace","replacement":"_","add_prefix_space":false})", "a b"),
              ElementsAre("a", "_b"));
  EXPECT_THROW(
      cut(R"({"type":"Metaspace","replacement":"_","add_prefix_space":false,"prepend_scheme":"always"})",
          "a"),
      Error);
  EXPECT_THROW(cut(R"({"type":"Metaspace","replacement":"__"})", "a"), Error) << "one character";
  EXPECT_THROW(cut(metaspace("sometimes"), "a"), Error);
}

TEST(PreTokenizerSequence, CutsWhatWasCut) {
  EXPECT_THAT(cut(R"({"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Punctuation"},)"
                  R"({"type":"Digits","individual_digits":true}]})",
                  "a,b 12"),
              ElementsAre("a", ",", "b", "1", "2"));
}

TEST(PreTokenizers, MadeFromOptionsAreThoseOfTheFile) {
  const std::string text = "It's 12 caf\u00E9s,  ok!";
  const auto same = [&](const std::unique_ptr<PreTokenizer>& made, const std::string& json) {
    PreTokenized words = test::one_part(text);
    made->pre_tokenize(words);
    EXPECT_EQ(test::parts_of(words), cut(json, text)) << json;
  };
  same(make_byte_level_pre_tokenizer(true, true), byte_level(true, true));
  same(make_byte_level_pre_tokenizer(false, false), byte_level(false, false));
  same(make_bert_pre_tokenizer(), R"({"type":"BertPreTokenizer"})");
  same(make_split_pre_tokenizer(Pattern::regex("\\w+", "test"), SplitBehavior::kRemoved, true),
       split(R"({"Regex":"\\w+"})", "Removed", true));
}

// -------------------------------------------------------------------------------------------- properties

const std::string kAll[] = {
    R"({"type":"BertPreTokenizer"})",
    R"({"type":"Whitespace"})",
    R"({"type":"WhitespaceSplit"})",
    R"({"type":"CharDelimiterSplit","delimiter":"a"})",
    R"({"type":"Digits","individual_digits":true})",
    R"({"type":"Punctuation"})",
    R"({"type":"UnicodeScripts"})",
    R"({"type":"FixedLength","length":3})",
    split(R"({"Regex":"\\s+"})", "MergedWithNext"),
    split(R"({"Regex":"\\s+"})", "MergedWithPrevious"),
    byte_level(false, true),
    byte_level(true, false),
    metaspace("always"),
    metaspace("first", false),
};

std::string random_text(std::mt19937& random) {
  static constexpr char32_t kPool[] = {U'a', U'b', U' ',   U' ',   U'\t', U'1',    U',',
                                       U'!', U'é', 0x4E2D, 0x3042, 0x430, 0x1F44D, 0x2028};
  std::string text;
  for (std::size_t n = random() % 14; n > 0; --n) utf8::append(text, kPool[random() % std::size(kPool)]);
  return text;
}

TEST(PreTokenizers, GivePartsInOrderThatAreNotEmpty) {
  std::mt19937 random(53);
  for (const std::string& json : kAll) {
    const auto pre_tokenizer = test::make_stage(make_pre_tokenizer, json);
    for (int round = 0; round < 300; ++round) {
      PreTokenized words = test::one_part(random_text(random));
      pre_tokenizer->pre_tokenize(words);
      ASSERT_EQ(words.text.text.size(), words.text.alignment.size());
      std::uint32_t end = 0;
      for (const Split& part : words.splits) {
        ASSERT_LE(end, part.begin) << json;
        ASSERT_LT(part.begin, part.end) << json;
        ASSERT_EQ(find_invalid_utf8(words.of(part)), std::nullopt) << json;
        end = part.end;
      }
      ASSERT_LE(end, words.text.text.size());
    }
  }
}

TEST(PreTokenizers, ThatRemoveNothingKeepTheWholeText) {
  std::mt19937 random(59);
  for (const std::string& json :
       {kAll[4], kAll[5], kAll[7], kAll[8], kAll[9], split(R"({"Regex":"a|,"})", "Contiguous")}) {
    for (int round = 0; round < 200; ++round) {
      const std::string text = random_text(random);
      std::string joined;
      for (const std::string& part : cut(json, text)) joined += part;
      ASSERT_EQ(joined, text) << json;
    }
  }
}

TEST(PreTokenizers, OfByteLevelSpellTheTextBack) {
  std::mt19937 random(61);
  for (int round = 0; round < 300; ++round) {
    const std::string text = random_text(random);
    std::string bytes;
    for (const std::string& part : cut(byte_level(false, true), text)) bytes += from_byte_level(part);
    ASSERT_EQ(bytes, text);
  }
}

/// The naive way: character by character.
TEST(PreTokenizers, AtWhiteSpaceCutAsALoopDoes) {
  std::mt19937 random(67);
  for (int round = 0; round < 300; ++round) {
    const std::string text = random_text(random);
    std::vector<std::string> expected(1);
    for (const char32_t c : utf8::decode(text)) {
      if (!unicode::is_whitespace(c)) {
        utf8::append(expected.back(), c);
      } else if (!expected.back().empty()) {
        expected.emplace_back();
      }
    }
    if (expected.back().empty()) expected.pop_back();
    ASSERT_EQ(cut(R"({"type":"WhitespaceSplit"})", text), expected);
  }
}

TEST(PreTokenizers, LeaveAddedTokensAlone) {
  for (const std::string& json : kAll) {
    PreTokenized words = test::one_part("a a1, b");
    words.found = words.text.text;
    words.splits = {{0, 2, 0, -1, {}}, {2, 5, 2, 7, {2, 5}}, {5, 7, 5, -1, {}}};
    test::make_stage(make_pre_tokenizer, json)->pre_tokenize(words);
    int kept = 0;
    for (const Split& part : words.splits) {
      if (part.added_token != 7) continue;
      ++kept;
      EXPECT_EQ(words.of(part), "a1,") << json;
      EXPECT_EQ(part.covered, (Alignment{2, 5})) << json;
    }
    EXPECT_EQ(kept, 1) << json;
  }
}

}  // namespace
}  // namespace attnviz::tokenizer
