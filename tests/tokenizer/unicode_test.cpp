// Character classes and graphemes.
#include "tokenizer/unicode.h"

#include <gtest/gtest.h>
#include <unicode/brkiter.h>

#include <random>

#include "core/utf8.h"

namespace attnviz::tokenizer::unicode {
namespace {

TEST(ByteAlphabet, IsABijection) {
  for (int byte = 0; byte < 256; ++byte) {
    const char32_t c = byte_level_char(static_cast<unsigned char>(byte));
    EXPECT_EQ(byte_level_byte(c), byte);
    EXPECT_FALSE(is_whitespace(c));
  }
  EXPECT_EQ(byte_level_char(' '), U'Ġ');
  EXPECT_EQ(byte_level_char('\n'), U'Ċ');
  EXPECT_EQ(byte_level_byte(U' '), -1);
  EXPECT_EQ(byte_level_byte(U'中'), -1);
}

TEST(Classes, FollowTheTablesOfTheReference) {
  EXPECT_TRUE(is_punctuation(U'$'));
  EXPECT_TRUE(is_punctuation(U'。'));
  EXPECT_TRUE(is_punctuation(0x166D));   // A symbol since Unicode 12.
  EXPECT_FALSE(is_punctuation(0x2E52));  // Unicode 13.
  EXPECT_FALSE(is_punctuation(U'€'));
  EXPECT_TRUE(is_nonspacing_mark(0x301));
  EXPECT_FALSE(is_nonspacing_mark(0x8CA));  // Unicode 14.
  EXPECT_TRUE(is_removed_control(0x200B));
  EXPECT_FALSE(is_removed_control(0x378));  // Not assigned.
  EXPECT_FALSE(is_removed_control('\n'));
  EXPECT_TRUE(is_whitespace(0x2028));
  EXPECT_FALSE(is_whitespace(0x200B));
  EXPECT_TRUE(is_word(U'_') && is_word(0x301) && is_word(0x200D) && is_word(U'中'));
  EXPECT_FALSE(is_word(0xB2));
  EXPECT_TRUE(is_number(U'½') && is_number(U'٣') && is_number(U'Ⅷ'));
}

TEST(LowerCase, IsPerCharacter) {
  const auto lower = [](std::u32string_view text) {
    std::u32string lowered;
    for (const char32_t c : text) append_lower(lowered, c);
    return lowered;
  };
  EXPECT_EQ(lower(U"ÅΣ"), U"åσ");
  EXPECT_EQ(lower(U"İ"), U"i\u0307");
  EXPECT_EQ(lower(U"ß1"), U"ß1");
}

TEST(Scripts, JoinJapanese_AndLetSpacesBe) {
  EXPECT_EQ(split_script(U'中'), split_script(U'カ'));
  EXPECT_EQ(split_script(U'ー'), split_script(U'ひ'));
  EXPECT_EQ(split_script(U' '), -1);
  EXPECT_NE(split_script(U'a'), split_script(U'1'));
}

// Without a virama: what ICU 72 joins by it is longer than any grapheme that is looked up as a whole.
TEST(Graphemes, AreThoseOfIcu) {
  static constexpr char32_t kPool[] = {U'a',    U' ',    U'\r',  U'\n',   0x301,   0x200D, 0x1F468,
                                       0x1F469, 0x1F3FD, 0xFE0F, 0x1F1E9, 0x1F1EA, 0x1100, 0x1161,
                                       0x11A8,  0xAC00,  0xAC01, 0x915,   0x93F,   0x600,  0xE33,
                                       U'é',    0x4E2D,  0x2764, 0x0,     0xAD};
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> breaks(
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
  ASSERT_TRUE(U_SUCCESS(status));
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t n = 1 + random() % 8; n > 0; --n) utf8::append(text, kPool[random() % std::size(kPool)]);
    const icu::UnicodeString wide = icu::UnicodeString::fromUTF8(text);
    breaks->setText(wide);
    std::size_t position = 0;
    for (int end = breaks->next(); end != icu::BreakIterator::DONE; end = breaks->next()) {
      std::string before;
      wide.tempSubString(0, end).toUTF8String(before);
      position = grapheme_end(text, position);
      ASSERT_EQ(position, before.size()) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace attnviz::tokenizer::unicode
