// What each normalizer does to a text, and where it says that the bytes came from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unicode/uchar.h>

#include <random>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "stage_support.h"
#include "tokenizer/stages.h"

namespace attnviz::tokenizer {
namespace {

using test::normalized;
using test::sources;
using testing::ElementsAre;

const char* const kBert =
    R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true})";

std::string text_of(const std::string& normalizer, std::string_view input) {
  return normalized(normalizer, input).text;
}

TEST(BertNormalizer, LowersStripsAccentsAndCleans) {
  EXPECT_EQ(text_of(kBert, "Caf\u00E9 \u00C5NGSTR\u00D6M"), "cafe angstrom");
  EXPECT_EQ(text_of(kBert, std::string("a\0b\uFFFDc\u200Bd", 11)), "abcd") << "control characters go";
  EXPECT_EQ(text_of(kBert, "a\tb\nc\u00A0d\u2003e"), "a b c d e") << "white space becomes a space";
}

TEST(BertNormalizer, SetsIdeographsApart) {
  EXPECT_EQ(text_of(kBert, "a\u4E2Db"), "a \u4E2D b");
  EXPECT_EQ(text_of(kBert, "\u4E2D\u6587"), " \u4E2D  \u6587 ");
  EXPECT_EQ(text_of(kBert, "\u3042\uAC00"), text_of(R"({"type":"NFD"})", "\u3042\uAC00"))
      << "no kana, no Hangul";
}

TEST(BertNormalizer, StripsAccentsAsItLowersUnlessToldOtherwise) {
  BertCleaning cleaning;
  cleaning.lowercase = false;
  AlignedText text("\u00C9");
  make_bert_normalizer(cleaning)->normalize(text);
  EXPECT_EQ(text.text, "E");
  const char* const cased = R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,)"
                            R"("strip_accents":null,"lowercase":false})";
  EXPECT_EQ(text_of(cased, "\u00C9 \u4E2D"), "\u00C9 \u4E2D") << "accents follow the case";
  const char* const kept = R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,)"
                           R"("strip_accents":false,"lowercase":true})";
  EXPECT_EQ(text_of(kept, "\u00C9"), "\u00E9");
}

TEST(BertNormalizer, AlignsEachByteWithItsCharacter) {
  const std::string input = "\u00C9a\u4E2D";
  EXPECT_THAT(sources(normalized(kBert, input), input),
              ElementsAre("\u00C9", "a", "\u4E2D", "\u4E2D", "\u4E2D", "\u4E2D", "\u4E2D"));
}

TEST(FormNormalizers, ComposeAndDecompose) {
  EXPECT_EQ(text_of(R"({"type":"NFC"})", "e\u0301"), "\u00E9");
  EXPECT_EQ(text_of(R"({"type":"NFD"})", "\u00E9"), "e\u0301");
  EXPECT_EQ(text_of(R"({"type":"NFKC"})", "\uFB01\u2460"), "fi1");
  EXPECT_EQ(text_of(R"({"type":"NFKD"})", "\u00BD"), "1\u20442");
  EXPECT_EQ(text_of(R"({"type":"NFC"})", "\u1112\u1161\u11AB"), "\uD55C") << "Hangul letters";
  EXPECT_EQ(text_of(R"({"type":"NFD"})", "a\u0327\u0301"), "a\u0327\u0301");
  EXPECT_EQ(text_of(R"({"type":"NFD"})", "a\u0301\u0327"), "a\u0327\u0301") << "marks in canonical order";
}

TEST(FormNormalizers, AlignAComposedCharacterWithTheFirstOfItsParts) {
  const std::string input = "e\u0301x";
  EXPECT_THAT(sources(normalized(R"({"type":"NFC"})", input), input), ElementsAre("e", "e", "x"));
  const std::string composed = "\u00E9x";
  EXPECT_THAT(sources(normalized(R"({"type":"NFD"})", composed), composed),
              ElementsAre("\u00E9", "\u00E9", "\u00E9", "x"));
}

TEST(Lowercase, IsPerCharacterAndMayGrow) {
  EXPECT_EQ(text_of(R"({"type":"Lowercase"})", "A\u00C9\u03A3\u0130"), "a\u00E9\u03C3i\u0307");
  const std::string input = "\u0130x";
  EXPECT_THAT(sources(normalized(R"({"type":"Lowercase"})", input), input),
              ElementsAre("\u0130", "\u0130", "\u0130", "x"));
}

TEST(StripAccents, TakesMarksAndLeavesComposedCharacters) {
  EXPECT_EQ(text_of(R"({"type":"StripAccents"})", "e\u0301\u00E9a\u0327"), "e\u00E9a");
}

TEST(Strip, TakesWhiteSpaceFromTheEndsThatAreNamed) {
  const auto strip = [](const char* left, const char* right, std::string_view text) {
    return text_of(
        std::string(R"({"type":"Strip","strip_left":)") + left + R"(,"strip_right":)" + right + "}", text);
  };
  EXPECT_EQ(strip("true", "true", " \t\u3000a b\u00A0\n"), "a b");
  EXPECT_EQ(strip("true", "false", "  a "), "a ");
  EXPECT_EQ(strip("false", "true", "  a "), "  a");
  EXPECT_EQ(strip("false", "false", " a "), " a ");
  EXPECT_EQ(strip("true", "true", " \u2003 "), "");
  EXPECT_EQ(strip("false", "true", " \u2003 "), "");
  EXPECT_EQ(strip("true", "true", ""), "");
}

TEST(Strip, KeepsTheAlignmentOfWhatStays) {
  const std::string input = "  \u00E9z ";
  EXPECT_THAT(sources(normalized(R"({"type":"Strip","strip_left":true,"strip_right":true})", input), input),
              ElementsAre("\u00E9", "\u00E9", "z"));
}

TEST(Nmt, RemovesControlsAndMakesSpaces) {
  EXPECT_EQ(text_of(R"({"type":"Nmt"})",
                    "a\x01\x0B\x7F"
                    "b"),
            "ab");
  EXPECT_EQ(text_of(R"({"type":"Nmt"})", "a\tb\u200Bc\u2028d\uFEFFe\uFFFDf"), "a b c d e f");
  EXPECT_EQ(text_of(R"({"type":"Nmt"})", "\u00A0"), "\u00A0") << "a no-break space stays";
}

TEST(Prepend, PutsItsTextInFrontOfWhatIsNotEmpty) {
  EXPECT_EQ(text_of(R"({"type":"Prepend","prepend":"▁"})", "ab"), "▁ab");
  EXPECT_EQ(text_of(R"({"type":"Prepend","prepend":"▁"})", ""), "");
  EXPECT_THAT(sources(normalized(R"({"type":"Prepend","prepend":"-"})", "\u00E9"), "\u00E9"),
              ElementsAre("\u00E9", "\u00E9", "\u00E9"));
}

TEST(Replace, TakesAnExactTextLiterally) {
  EXPECT_EQ(text_of(R"({"type":"Replace","pattern":{"String":"."},"content":"!"})", "a.b."), "a!b!");
  EXPECT_EQ(text_of(R"({"type":"Replace","pattern":{"String":"aa"},"content":"b"})", "aaaaa"), "bba");
  EXPECT_EQ(text_of(R"({"type":"Replace","pattern":{"Regex":"a+"},"content":""})", "aabab"), "bb");
  EXPECT_EQ(text_of(R"({"type":"Replace","pattern":{"String":""},"content":"-"})", "ab"), "-a-b-")
      << "an empty text is everywhere";
  EXPECT_EQ(text_of(R"-({"type":"Replace","pattern":{"Regex":"(?=b)"},"content":"-"})-", "abb"), "a-b-b");
}

TEST(ByteLevelNormalizer, SpellsEveryByte) {
  const std::string input = " \u00E9\n";
  EXPECT_EQ(text_of(R"({"type":"ByteLevel"})", input), "ĠÃ©Ċ");
  EXPECT_THAT(sources(normalized(R"({"type":"ByteLevel"})", input), input),
              ElementsAre(" ", " ", "\u00E9", "\u00E9", "\u00E9", "\u00E9", "\n", "\n"));
}

TEST(NormalizerSequence, GoesStepByStep) {
  const char* const steps =
      R"({"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},)"
      R"({"type":"Lowercase"},{"type":"Replace","pattern":{"String":" "},"content":"_"}]})";
  EXPECT_EQ(text_of(steps, "\u00C9t\u00E9 A"), "ete_a");
  EXPECT_EQ(text_of(R"({"type":"Sequence","normalizers":[]})", "A"), "A");
  EXPECT_EQ(text_of(R"({"type":"Sequence","normalizers":[null,{"type":"Lowercase"}]})", "A"), "a");
}

TEST(Normalizers, MadeFromOptionsAreThoseOfTheFile) {
  const std::string input = "\u00C9 \u4E2D\tB\uFB01  c";
  const auto same = [&](const std::unique_ptr<Normalizer>& made, const char* json) {
    AlignedText text(input);
    made->normalize(text);
    EXPECT_EQ(text.text, text_of(json, input)) << json;
  };
  same(make_bert_normalizer({}), kBert);
  same(make_form_normalizer(NormalForm::kNfkc), R"({"type":"NFKC"})");
  same(make_lowercase_normalizer(), R"({"type":"Lowercase"})");
  same(make_replace_normalizer(Pattern::regex("\\s+", "test"), " "),
       R"({"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "})");
}

// -------------------------------------------------------------------------------------------- properties

const char* const kAll[] = {
    kBert,
    R"({"type":"NFC"})",
    R"({"type":"NFD"})",
    R"({"type":"NFKC"})",
    R"({"type":"NFKD"})",
    R"({"type":"Lowercase"})",
    R"({"type":"StripAccents"})",
    R"({"type":"Strip","strip_left":true,"strip_right":true})",
    R"({"type":"Nmt"})",
    R"({"type":"Prepend","prepend":"▁"})",
    R"({"type":"Replace","pattern":{"Regex":"\\s|b"},"content":"▁▁"})",
    R"({"type":"ByteLevel"})",
};

std::string random_text(std::mt19937& random) {
  static constexpr char32_t kPool[] = {U'a',    U'B',   U' ',   U'\t',  U'b',   0x301,  0x327,
                                       U'é',    U'Å',   0x130,  0x4E2D, 0xAC01, 0x1100, 0x1161,
                                       0x1F44D, 0x200D, 0xFB01, 0x2028, 0x0};
  std::string text;
  for (std::size_t n = random() % 10; n > 0; --n) utf8::append(text, kPool[random() % std::size(kPool)]);
  return text;
}

TEST(Normalizers, GiveTextAndAnAlignmentInOrder) {
  std::mt19937 random(41);
  for (const char* const json : kAll) {
    const auto normalizer = test::make_stage(make_normalizer, json);
    for (int round = 0; round < 500; ++round) {
      const std::string input = random_text(random);
      AlignedText text(input);
      normalizer->normalize(text);
      ASSERT_EQ(find_invalid_utf8(text.text), std::nullopt) << json;
      ASSERT_EQ(text.alignment.size(), text.text.size()) << json;
      for (std::size_t i = 0; i < text.alignment.size(); ++i) {
        const Alignment& at = text.alignment[i];
        ASSERT_TRUE(at.begin <= at.end && at.end <= input.size()) << json;
        ASSERT_EQ(utf8::begin_of_character(input, at.begin), at.begin) << json;
        ASSERT_EQ(utf8::begin_of_character(input, at.end), at.end) << json;
        if (i > 0) {
          ASSERT_LE(text.alignment[i - 1].begin, at.begin) << json;
        }
      }
    }
  }
}

TEST(Normalizers, OfATextThatIsNormalChangeNothing) {
  std::mt19937 random(43);
  for (const char* const json : {kAll[1], kAll[2], kAll[3], kAll[4], kAll[6], kAll[7], kAll[8]}) {
    const auto normalizer = test::make_stage(make_normalizer, json);
    for (int round = 0; round < 300; ++round) {
      AlignedText once(random_text(random));
      normalizer->normalize(once);
      AlignedText twice(once.text);
      normalizer->normalize(twice);
      ASSERT_EQ(twice.text, once.text) << json;
    }
  }
}

TEST(Normalizers, WorkOnASliceAsOnAWhole) {
  std::mt19937 random(47);
  constexpr std::uint32_t kShift = 100;
  for (const char* const json : kAll) {
    const auto normalizer = test::make_stage(make_normalizer, json);
    for (int round = 0; round < 100; ++round) {
      const std::string input = random_text(random);
      AlignedText whole(input);
      AlignedText slice(input, kShift);
      normalizer->normalize(whole);
      normalizer->normalize(slice);
      ASSERT_EQ(slice.text, whole.text);
      for (std::size_t i = 0; i < whole.alignment.size(); ++i) {
        ASSERT_EQ(slice.alignment[i].begin, whole.alignment[i].begin + kShift) << json;
        ASSERT_EQ(slice.alignment[i].end, whole.alignment[i].end + kShift) << json;
      }
    }
  }
}

}  // namespace
}  // namespace attnviz::tokenizer
