/// Labels, graphemes, bidirectional order, shaping, missing characters.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/utf8.h"
#include "render/fixtures.h"
#include "render/shaper.h"
#include "render/system_fonts.h"
#include "render/unicode.h"

namespace attnviz::render {
namespace {

class ShaperTest : public ::testing::Test {
 protected:
  Fonts fonts_{{}, false};
  Shaper shaper_{fonts_};

  /// First bytes of the clusters from left to right.
  std::vector<std::uint32_t> order(const std::string& text) {
    std::vector<std::uint32_t> begins;
    for (const Cluster& cluster : shaper_.line(text, 12)->clusters) begins.push_back(cluster.begin);
    return begins;
  }
};

TEST(Utf8, DecodesAndEncodesEveryLength) {
  const std::string text = "aé€😀";
  std::string again;
  std::vector<char32_t> codes;
  for (const Character& character : characters_of(text)) {
    codes.push_back(character.code);
    utf8::append(again, character.code);
  }
  EXPECT_EQ(codes, (std::vector<char32_t>{'a', 0xE9, 0x20AC, 0x1F600}));
  EXPECT_EQ(again, text);
}

TEST(Utf8, BadBytesBecomeReplacementsOneEach) {
  const auto characters = characters_of(
      "a\xF0\x9F\xFF"
      "b\xC3");
  std::vector<char32_t> codes;
  for (const Character& character : characters) codes.push_back(character.code);
  EXPECT_EQ(codes, (std::vector<char32_t>{'a', 0xFFFD, 0xFFFD, 0xFFFD, 'b', 0xFFFD}));
  for (std::size_t i = 1; i < characters.size(); ++i) EXPECT_EQ(characters[i].begin, characters[i - 1].end);
}

TEST(Label, ShowsBlanksAtItsEndsNewlinesAndTabs) {
  EXPECT_EQ(label_text(" the", 24), "␣the");
  EXPECT_EQ(label_text("a b ", 24), "a b␣");
  EXPECT_EQ(label_text("  ", 24), "␣␣");
  EXPECT_EQ(label_text("\n\t", 24), "↵⇥");
  EXPECT_EQ(label_text("", 24), "∅");
}

TEST(Label, IsCutAtGraphemesNotAtCodePoints) {
  const std::string accented = "e\u0301";
  EXPECT_EQ(label_text(accented + accented + accented, 2), accented + accented + "…");
  const std::string family = "👩‍👩‍👧";
  EXPECT_EQ(label_text(family + "ab", 2), family + "a…");
  EXPECT_EQ(label_text("🇩🇪🇫🇷🇮🇹", 2), "🇩🇪🇫🇷…");
  EXPECT_EQ(label_text("각각", 1), "각…");
  EXPECT_EQ(label_text(std::string(24, 'x'), 24), std::string(24, 'x'));
  EXPECT_EQ(label_text(std::string(200, 'x'), 24), std::string(24, 'x') + "…");
}

/// `text` cut where `begins` says so of its characters.
template <typename Begins>
std::vector<std::string> pieces(const std::string& text, const Begins& begins) {
  std::vector<std::string> result;
  const auto characters = characters_of(text);
  for (std::size_t i = 0; i < characters.size(); ++i) {
    if (i == 0 || begins(characters, i)) result.emplace_back();
    result.back() += text.substr(characters[i].begin, characters[i].end - characters[i].begin);
  }
  return result;
}

std::vector<std::string> graphemes(const std::string& text) {
  return pieces(text, [](const auto& characters, std::size_t i) { return characters[i].begins_grapheme; });
}

std::vector<std::string> lines(const std::string& text) {
  const std::vector<bool> starts = line_starts(text, characters_of(text));
  return pieces(text, [&](const auto&, std::size_t i) -> bool { return starts[i]; });
}

using Pieces = std::vector<std::string>;

TEST(Graphemes, AreWhatPeopleTakeForACharacter) {
  EXPECT_EQ(graphemes("abc"), (Pieces{"a", "b", "c"}));
  EXPECT_EQ(graphemes("e\u0301x"), (Pieces{"e\u0301", "x"}));
  EXPECT_EQ(graphemes("👩‍👩‍👧👍🏽🇩🇪🇫🇷"),
            (Pieces{"👩‍👩‍👧", "👍🏽", "🇩🇪", "🇫🇷"}));
  EXPECT_EQ(graphemes("\u1100\u1161\u11A8한"), (Pieces{"\u1100\u1161\u11A8", "한"}));
  EXPECT_EQ(graphemes("กี่ก"), (Pieces{"กี่", "ก"}));
  EXPECT_EQ(graphemes("a\u200Db"), (Pieces{"a\u200D", "b"})) << "a joiner joins pictures only";
  EXPECT_EQ(graphemes("\r\n\n\u0301"), (Pieces{"\r\n", "\n", "\u0301"}));
}

TEST(Graphemes, OfManyTextsAreThoseOfEachAlone) {
  const Pieces alone = {"a", "é", "e\u0301", "👩‍👩‍👧", "한", "中", "ก็", "\u202E", "!"};
  test::Random random(3);
  for (int round = 0; round < 200; ++round) {
    Pieces expected;
    std::string text;
    for (int i = random.below(12); i >= 0; --i) {
      expected.push_back(alone[static_cast<std::size_t>(random.below(static_cast<int>(alone.size())))]);
      text += expected.back();
    }
    EXPECT_EQ(graphemes(text), expected);
  }
}

TEST(Lines, BeginAfterBlanksHyphensAndSlashes) {
  EXPECT_EQ(lines("the old, well-known a/b  (x) “y” 1-2 10%"),
            (Pieces{"the ", "old, ", "well-", "known ", "a/", "b  ", "(x) ", "“y” ", "1-2 ", "10%"}));
  EXPECT_EQ(lines("a\u00A0b"), (Pieces{"a\u00A0b"}));
}

TEST(Lines, OfHanBeginAnywhereButWithClosingMarks) {
  EXPECT_EQ(lines("「你好」，我。"), (Pieces{"「你", "好」，", "我。"}));
}

TEST(Lines, OfThaiBeginWithWordsAndOfKoreanAfterBlanks) {
  EXPECT_EQ(lines("ภาษาไทยเป็นภาษา"), (Pieces{"ภาษา", "ไทย", "เป็น", "ภาษา"}));
  EXPECT_EQ(lines("한국어를 공부하는"), (Pieces{"한국어를 ", "공부하는"}));
}

TEST(Bidi, LevelsFollowTheStandard) {
  const auto levels = [](const std::string& text) {
    std::vector<std::uint8_t> found;
    const bool rtl = bidi_levels(characters_of(text), found);
    std::string digits(rtl ? "R " : "L ");
    for (const std::uint8_t level : found) digits += std::to_string(level);
    return digits;
  };
  EXPECT_EQ(levels("ab 12"), "L 00000");
  EXPECT_EQ(levels("אב 12"), "R 11122");
  EXPECT_EQ(levels("a אב 12 ג b"), "L 00111221100");
  EXPECT_EQ(levels("א abג"), "R 11221");
  EXPECT_EQ(levels("a(א)b"), "L 00100") << "brackets go with what is around them";
  EXPECT_EQ(levels("😀א😀ב"), "R 1111") << "also beyond the first plane";
}

TEST(Bidi, VisualOrderReversesFromTheHighestLevelDown) {
  const std::vector<std::uint8_t> levels = {0, 1, 2, 2, 1, 0};
  EXPECT_EQ(visual_order(levels), (std::vector<std::int32_t>{0, 4, 2, 3, 1, 5}));
  EXPECT_TRUE(visual_order({}).empty());
}

TEST(CodePoint, IsNamedInFourDigitsOrMore) {
  EXPECT_EQ(code_point_name(0x1F680), "U+1F680");
  EXPECT_EQ(code_point_name(0x1), "U+0001");
}

TEST_F(ShaperTest, LatinRunsFromLeftToRight) {
  EXPECT_EQ(order("abc"), (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_GT(shaper_.line("mmm", 12)->width, shaper_.line("iii", 12)->width);
}

TEST_F(ShaperTest, HebrewRunsFromRightToLeft) {
  EXPECT_EQ(order("אבג"), (std::vector<std::uint32_t>{4, 2, 0}));
}

TEST_F(ShaperTest, NumbersInHebrewKeepTheirOrder) {
  EXPECT_EQ(order("א 12"), (std::vector<std::uint32_t>{3, 4, 2, 0}));
}

TEST_F(ShaperTest, BracketsAroundHebrewAreMirrored) {
  const auto left = shaper_.line("(", 12)->glyphs[0].id;
  const auto shaped = shaper_.line("א(ב)", 12);
  EXPECT_EQ(shaped->clusters.front().begin, 5U);
  EXPECT_EQ(shaped->glyphs.front().id, left)
      << "the closing bracket stands at the left and opens to the right";
}

TEST_F(ShaperTest, ArabicLettersJoin) {
  const auto alone = shaper_.line("ب", 12)->glyphs[0].id;
  const auto joined = shaper_.line("ببب", 12);
  ASSERT_EQ(joined->glyphs.size(), 3U);
  EXPECT_NE(joined->glyphs[1].id, alone);
  EXPECT_NE(joined->glyphs[0].id, joined->glyphs[1].id);
}

TEST_F(ShaperTest, AccentsSitOnTheirLetters) {
  EXPECT_EQ(shaper_.line("e\u0301", 12)->width, shaper_.line("e", 12)->width);
  EXPECT_EQ(shaper_.line("e\u0301", 12)->clusters.size(), 1U);
}

TEST_F(ShaperTest, ClustersTileTheTextAndTheLine) {
  test::Random random(4);
  const std::u32string alphabet = U"ab שלمر\u0301é1,(中\u200D🚀\n\t";
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = random.below(30); i >= 0; --i)
      utf8::append(text, alphabet[static_cast<std::size_t>(random.below(static_cast<int>(alphabet.size())))]);
    const auto shaped = shaper_.line(text, 13);
    std::vector<bool> covered(text.size(), false);
    std::int32_t x = 0;
    for (const Cluster& cluster : shaped->clusters) {
      EXPECT_EQ(cluster.left, x);
      x = cluster.right;
      EXPECT_LT(cluster.begin, cluster.end);
      for (std::uint32_t byte = cluster.begin; byte < cluster.end; ++byte) {
        EXPECT_FALSE(covered[byte]) << text;
        covered[byte] = true;
      }
    }
    EXPECT_EQ(x, shaped->width);
    EXPECT_TRUE(std::all_of(covered.begin(), covered.end(), [](bool c) { return c; })) << text;
  }
}

TEST_F(ShaperTest, WhatNoFontHasIsABoxAndIsListed) {
  const auto shaped = shaper_.line("a🚀中", 12);
  EXPECT_EQ(shaped->glyphs[1].face, -1);
  EXPECT_EQ(shaped->glyphs[1].id, 0x1F680U);
  EXPECT_GE(shaped->pixels(), code_box_width(0x1F680) + code_box_width(U'中'));
  EXPECT_EQ(shaper_.missing(), (std::set<char32_t>{U'中', 0x1F680}));
}

TEST_F(ShaperTest, CharactersThatHideTextAreShownButAreNotMissing) {
  for (const char* hidden : {"\u202E", "\u200B", "\uFEFF", "\x01", "\u2066"}) {
    const auto shaped = shaper_.line(std::string("a") + hidden + "b", 12);
    EXPECT_TRUE(
        std::any_of(shaped->glyphs.begin(), shaped->glyphs.end(), [](const Glyph& g) { return g.face < 0; }));
  }
  EXPECT_TRUE(shaper_.missing().empty());
}

TEST_F(ShaperTest, TokenMarksAreInTheEmbeddedFont) {
  shaper_.line("Ġthe ▁the ##ing ␣ ↵ ⇥ … ∅ ← “” · × ≤ Ελληνικά Кириллица 😀", 12);
  EXPECT_TRUE(shaper_.missing().empty());
}

TEST_F(ShaperTest, ALineIsCutToItsRoom) {
  for (int room = 20; room < 200; room += 7) {
    const auto cut = shaper_.line_within("the harbour master of Velmora is Tessin", 12, room);
    EXPECT_LE(cut->pixels(), room);
    EXPECT_GT(cut->pixels(), room - 40) << "no more than needed";
  }
  EXPECT_EQ(shaper_.line_within("short", 12, 500), shaper_.line("short", 12));
}

TEST(Fallback, AsksTheScriptsOwnFontFirstAndUnifontLast) {
  const std::vector<std::string> fonts = {"/f/Abyssinica.ttf", "/f/NotoSansCJK-Regular.ttc",
                                          "/f/NotoSansDevanagari-Regular.ttf", "/f/NotoSansThai-Regular.ttf",
                                          "/f/unifont.otf"};
  EXPECT_EQ(fallback_order(fonts, HB_SCRIPT_DEVANAGARI).front(), "/f/NotoSansDevanagari-Regular.ttf");
  EXPECT_EQ(fallback_order(fonts, HB_SCRIPT_THAI).front(), "/f/NotoSansThai-Regular.ttf");
  EXPECT_EQ(fallback_order(fonts, HB_SCRIPT_HAN).front(), "/f/NotoSansCJK-Regular.ttc");
  for (const auto script : {HB_SCRIPT_DEVANAGARI, HB_SCRIPT_HAN, HB_SCRIPT_COMMON}) {
    EXPECT_EQ(fallback_order(fonts, script).back(), "/f/unifont.otf");
  }
}

TEST(Fonts, ThoseAskedForComeBeforeTheEmbeddedOne) {
  const auto fonts = list_system_fonts();
  const auto serif = std::find_if(fonts.begin(), fonts.end(), [](const std::string& font) {
    return font.find("/DejaVuSerif.ttf") != std::string::npos;
  });
  if (serif == fonts.end()) GTEST_SKIP() << "DejaVuSerif.ttf is not here";
  Fonts first({*serif}, false);
  Fonts plain({}, false);
  EXPECT_NE(Shaper(first).line("the harbour", 12)->width, Shaper(plain).line("the harbour", 12)->width);
  EXPECT_EQ(Shaper(first).line("😀", 12)->glyphs[0].face, 1) << "what it lacks comes from the embedded one";
}

/// Shapes with the fonts of this machine, where it has Noto.
class SystemFontTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto fonts = list_system_fonts();
    const auto has = [&](const char* name) {
      return std::any_of(fonts.begin(), fonts.end(),
                         [&](const std::string& f) { return f.find(name) != std::string::npos; });
    };
    if (!has("NotoSansDevanagari-Regular") || !has("NotoSansThai-Regular"))
      GTEST_SKIP() << "fonts-noto-core is not here";
  }
  Fonts fonts_{{}, true};
  Shaper shaper_{fonts_};
};

TEST_F(SystemFontTest, DevanagariFormsConjunctsAndReordersVowels) {
  const auto conjunct = shaper_.line("क्ष", 12);
  EXPECT_EQ(conjunct->clusters.size(), 1U);
  EXPECT_LT(conjunct->width, shaper_.line("क", 12)->width + shaper_.line("ष", 12)->width);
  const auto vowel = shaper_.line("हि", 12);
  EXPECT_NE(vowel->glyphs[0].id, shaper_.line("ह", 12)->glyphs[0].id)
      << "the short i stands before its consonant";
  EXPECT_TRUE(shaper_.missing().empty());
}

TEST_F(SystemFontTest, ThaiMarksTakeNoRoom) {
  EXPECT_EQ(shaper_.line("กี่", 12)->width, shaper_.line("ก", 12)->width);
  EXPECT_TRUE(shaper_.missing().empty());
}

TEST_F(SystemFontTest, EachScriptStaysInOneFont) {
  for (const char* word : {"हिन्दी", "ภาษาไทย", "தமிழ்"}) {
    const auto shaped = shaper_.line(word, 12);
    for (const Glyph& glyph : shaped->glyphs) EXPECT_EQ(glyph.face, shaped->glyphs[0].face) << word;
    EXPECT_GT(shaped->glyphs[0].face, 0);
  }
}

}  // namespace
}  // namespace attnviz::render
