// What is drawn and what is read: drawing spans and labels.
#include "tokenizer/spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "support.h"
#include "tokenizer/labels.h"

namespace attnviz::tokenizer {
namespace {

using test::drawn;
using test::labels;
using testing::ElementsAre;

std::string wordlevel(const std::string& normalizer, const std::string& pre_tokenizer,
                      const std::string& vocab) {
  return R"({"added_tokens":[],"normalizer":)" + normalizer + R"(,"pre_tokenizer":)" + pre_tokenizer +
         R"(,"model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0)" + vocab + "}}}";
}

std::string byte_level(const std::string& merges = "", const std::string& more = "") {
  return R"({"added_tokens":[{"id":9,"content":"<end>","special":true,"normalized":false}],"normalizer":)" +
         more +
         R"("pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"type":"BPE","vocab":{"Ġ":0,"h":1,"i":2,"ð":3,)"
         R"("Ł":4,"ĳ":5,"į":6,"e":7,"Ì":8,"ģ":10,"Ċ":11,"ðŁ":12,"Ġh":9},"merges":[)" +
         merges + "]}}";
}

TEST(DrawingSpans, ByteParts_OfOneCharacter_ShareItsSpan) {
  const auto tokenizer = test::load("tokenizer.json", byte_level(R"("ð Ł")", "null,"));
  const Encoding encoding = tokenizer->encode("h\xF0\x9F\x91\x8Di");
  EXPECT_THAT(drawn(encoding),
              ElementsAre("h", "\xF0\x9F\x91\x8D", "\xF0\x9F\x91\x8D", "\xF0\x9F\x91\x8D", "i"));
  EXPECT_THAT(labels(encoding), ElementsAre("h", "F0 9F…", "…91", "…8D", "i"));
}

TEST(DrawingSpans, CoverMarks_ThatNormalizationTookAway) {
  const auto tokenizer =
      test::load("tokenizer.json",
                 wordlevel(R"({"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]})",
                           R"({"type":"WhitespaceSplit"})", R"(,"cafe":1,"au":2)"));
  const Encoding encoding = tokenizer->encode("cafe\u0301 au\u0308\u200D");
  EXPECT_EQ(encoding.tokens[0].reference, (Span{0, 4}));
  EXPECT_EQ(*encoding.tokens[0].span, (Span{0, 6}));
  EXPECT_EQ(test::ids(encoding), (std::vector<std::int64_t>{1, 0}));
}

TEST(DrawingSpans, CoverJamo_ThatWereComposed) {
  const auto tokenizer =
      test::load("tokenizer.json",
                 wordlevel(R"({"type":"NFC"})", R"({"type":"FixedLength","length":1})", R"(,"각":1,"a":2)"));
  const Encoding encoding = tokenizer->encode("\u1100\u1161\u11A8a");
  EXPECT_EQ(encoding.tokens[0].reference, (Span{0, 3}));
  EXPECT_EQ(*encoding.tokens[0].span, (Span{0, 9}));
  EXPECT_EQ(*encoding.tokens[1].span, (Span{9, 10}));
}

TEST(DrawingSpans, LeaveMarksToTokensOfTheirOwn) {
  const auto tokenizer = test::load("tokenizer.json", byte_level("", "null,"));
  EXPECT_THAT(drawn(tokenizer->encode("e\u0301")), ElementsAre("e", "\u0301", "\u0301"));
}

TEST(DrawingSpans, InsertedSpaceMark_IsNotDrawn) {
  const auto tokenizer = test::load(
      "tokenizer.json",
      R"({"added_tokens":[],"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},
          "model":{"type":"Unigram","unk_id":0,"vocab":[["?",0],["▁",-1],["ab",-2],["c",-2]]}})");
  EXPECT_THAT(drawn(tokenizer->encode("ab c")), ElementsAre("-", "ab", " ", "c"));
}

TEST(DrawingSpans, TemplateTokensHaveNone_AndTheTokensOfAPairPointIntoIt) {
  const auto tokenizer = test::load({{"vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nab\ncd\n"}});
  const Encoding encoding = tokenizer->encode("ab", "cd ab");
  EXPECT_THAT(drawn(encoding), ElementsAre("-", "ab", "-", "cd", "ab", "-"));
  EXPECT_EQ(encoding.tokens[3].sequence, 1);
  EXPECT_EQ(encoding.tokens[3].type_id, 1);
  EXPECT_EQ(encoding.tokens[2].sequence, -1);
  EXPECT_TRUE(encoding.tokens[2].special);
  EXPECT_EQ(encoding.tokens[2].text, "[SEP]");
}

TEST(Tokens, SpecialTokenInTheText_IsSpecial_ButPartOfTheText) {
  const auto tokenizer = test::load("tokenizer.json", byte_level("", "null,"));
  const Encoding encoding = tokenizer->encode("h<end>");
  EXPECT_TRUE(encoding.tokens[1].special);
  EXPECT_EQ(encoding.tokens[1].sequence, 0);
  EXPECT_EQ(encoding.tokens[1].reference, (Span{1, 6}));
  EXPECT_EQ(encoding.tokens[1].text, "<end>");
}

TEST(Tokens, WithoutAPlaceInTheText_AreLabelled) {
  const auto tokenizer = test::load("tokenizer.json", byte_level("\"Ġ h\"", "null,"));
  EXPECT_EQ(tokenizer->token(9).text, "h");
  EXPECT_EQ(tokenizer->token(9).piece, "Ġh");
  EXPECT_EQ(tokenizer->token(777).text, "#777");
  EXPECT_EQ(tokenizer->token(-1).text, "#-1");
  EXPECT_EQ(tokenizer->id_of("<end>"), tokenizer->size() - 1);
  EXPECT_EQ(tokenizer->id_of("nothing"), std::nullopt);
  EXPECT_EQ(tokenizer->describe(), "tokenizer.json (BPE)");
}

TEST(Labels, ShowWhatIsInvisible) {
  const Spelling bytes{true, false, "", ""};
  EXPECT_EQ(label_of("Ġthe", bytes), "the");
  EXPECT_EQ(label_of("Ġ", bytes), "␣");
  EXPECT_EQ(label_of("ĠĠthe", bytes), "␣␣the");
  EXPECT_EQ(label_of("Ċ", bytes), "⏎");
  EXPECT_EQ(label_of("ĉ", bytes), "⇥");
  EXPECT_EQ(label_of("Âł", bytes), "U+00A0");
}

TEST(Labels, SpellBytes_ThatAreNoCharacter) {
  const Spelling bytes{true, false, "", ""};
  EXPECT_EQ(label_of("ðŁ", bytes), "F0 9F…");
  EXPECT_EQ(label_of("ĳį", bytes), "…91 8D");
  EXPECT_EQ(label_of("aðŁ", bytes), "a F0 9F…");
  EXPECT_EQ(label_of("Ã©", bytes), "é");
}

TEST(Labels, DropTheMarksOfOtherVocabularies) {
  EXPECT_EQ(label_of("##ing", {false, false, "##", ""}), "ing");
  EXPECT_EQ(label_of("##", {false, false, "##", ""}), "##");
  EXPECT_EQ(label_of("▁the", {false, true, "", ""}), "the");
  EXPECT_EQ(label_of("▁▁", {false, true, "", ""}), "␣␣");
  EXPECT_EQ(label_of("low</w>", {false, false, "", "</w>"}), "low");
  EXPECT_EQ(label_of("<0xF0>", {false, true, "", ""}), "F0…");
  EXPECT_EQ(label_of("<0x0A>", {false, true, "", ""}), "⏎");
  EXPECT_EQ(label_of("<0xZZ>", {false, true, "", ""}), "<0xZZ>");
}

TEST(CharacterIndex, CountsAsALoopDoes) {
  std::mt19937 random(157);
  static const std::string kParts[] = {"a", "\u00E9", "\u4E2D", "\U0001F44D", " "};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    std::vector<std::int64_t> begins;  // Of each character, in bytes.
    for (std::size_t n = random() % 12; n > 0; --n) {
      begins.push_back(static_cast<std::int64_t>(text.size()));
      text += kParts[random() % (round % 3 == 0 ? 1 : std::size(kParts))];
    }
    const auto count = static_cast<std::int64_t>(begins.size());
    begins.push_back(static_cast<std::int64_t>(text.size()));
    const CharacterIndex index(text);
    for (std::int64_t begin = 0; begin <= count; ++begin) {
      for (std::int64_t end = begin; end <= count; ++end) {
        const Span bytes{begins[static_cast<std::size_t>(begin)], begins[static_cast<std::size_t>(end)]};
        ASSERT_EQ(index.to_bytes(begin, end), bytes) << text;
        if (begin == end) continue;
        const Alignment aligned{static_cast<std::uint32_t>(bytes.begin),
                                static_cast<std::uint32_t>(bytes.end)};
        ASSERT_EQ(index.to_characters(aligned), std::pair(begin, end)) << text;
      }
    }
  }
}

TEST(Labels, OfAnyPieceAreTextThatShows) {
  std::mt19937 random(163);
  const Spelling spellings[] = {{true, false, "", ""}, {false, true, "", ""}, {false, false, "##", "</w>"}};
  static const std::string kParts[] = {"Ġ",  "▁",      "##",     "</w>",   "a",      "ð", "Ł", "Ċ",
                                       "\n", "\u00A0", "\u200B", "<0xF0>", "\u4E2D", "Ã", "©", "\x7F"};
  for (int round = 0; round < 3'000; ++round) {
    std::string piece;
    for (std::size_t n = 1 + random() % 4; n > 0; --n) piece += kParts[random() % std::size(kParts)];
    const std::string label = label_of(piece, spellings[random() % 3]);
    ASSERT_FALSE(label.empty()) << piece;
    ASSERT_EQ(find_invalid_utf8(label), std::nullopt) << piece;
    for (const char c : label) ASSERT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7F) << piece;
    ASSERT_FALSE(label.starts_with("  ")) << piece;
  }
}

TEST(FallbackByte, IsSixCharactersWithTwoDigits) {
  for (int byte = 0; byte < 256; ++byte) {
    char piece[8];
    std::snprintf(piece, sizeof piece, "<0x%02X>", byte);
    EXPECT_EQ(fallback_byte(piece), static_cast<unsigned char>(byte));
    std::snprintf(piece, sizeof piece, "<0x%02x>", byte);
    EXPECT_EQ(fallback_byte(piece), static_cast<unsigned char>(byte)) << "small letters too";
  }
  for (const std::string_view piece :
       {"", "<0x4>", "<0x041>", "0x41", "<0x41", "<0xG1>", "<1x41>", "<0x41>>"}) {
    EXPECT_EQ(fallback_byte(piece), std::nullopt) << piece;
  }
}

TEST(CharacterIndex, GoesBothWays) {
  const CharacterIndex index("a\u00E9\U0001F44Db");
  EXPECT_EQ(index.to_characters({1, 3}), std::pair(std::int64_t{1}, std::int64_t{2}));
  EXPECT_EQ(index.to_characters({3, 8}), std::pair(std::int64_t{2}, std::int64_t{4}));
  EXPECT_EQ(index.to_bytes(2, 4), (Span{3, 8}));
  EXPECT_EQ(index.to_bytes(4, 99), (Span{8, 8}));
  EXPECT_EQ(CharacterIndex("abc").to_bytes(1, 2), (Span{1, 2}));
}

}  // namespace
}  // namespace attnviz::tokenizer
