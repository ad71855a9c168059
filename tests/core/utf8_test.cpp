#include "core/utf8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "attnviz/core.h"

namespace attnviz {
namespace {

/// Calls `visit(c)` for every code point that can be written.
template <typename Visit>
void for_each_code_point(Visit visit) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c < 0xD800 || c > 0xDFFF) visit(c);
  }
}

TEST(Utf8, OfEveryCodePointComesBack) {
  for_each_code_point([](char32_t c) {
    const std::string text = utf8::encode(c);
    std::size_t position = 0;
    ASSERT_EQ(utf8::next(text, position), c);
    ASSERT_EQ(position, text.size());
    ASSERT_EQ(utf8::length(c), text.size());
    ASSERT_EQ(utf8::length(text[0]), text.size());
    ASSERT_EQ(find_invalid_utf8(text), std::nullopt);
    ASSERT_EQ(utf8::count(text), 1U);
  });
}

TEST(Utf8, IsOrderedAsCodePointsAre) {
  std::string before;
  for_each_code_point([&](char32_t c) {
    std::string text = utf8::encode(c);
    ASSERT_TRUE(c == 0 || before < text) << static_cast<std::uint32_t>(c);
    before = std::move(text);
  });
}

/// All four-byte strings of the bytes at which the rules of UTF-8 change, against what the characters' own
/// spellings say.
TEST(Utf8, IsTakenApartAsTheStandardSays) {
  std::set<std::string, std::less<>> characters;
  std::set<std::string, std::less<>> beginnings;
  for_each_code_point([&](char32_t c) {
    const std::string text = utf8::encode(c);
    for (std::size_t i = 1; i < text.size(); ++i) beginnings.insert(text.substr(0, i));
    characters.insert(text);
  });
  const std::string edges =
      "\x41\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xED\xEE\xEF\xF0\xF1\xF4\xF5\xFF";
  const auto expected = [&](std::string_view bytes) -> utf8::Sequence {
    std::size_t longest = 1;
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
      if (characters.contains(bytes.substr(0, size))) return {size, true, false};
      if (beginnings.contains(bytes.substr(0, size))) longest = size;
    }
    return {longest, false, false};
  };
  for (const char a : edges) {
    for (const char b : edges) {
      for (const char c : edges) {
        for (const char d : edges) {
          const std::string bytes = {a, b, c, d};
          const utf8::Sequence found = utf8::sequence_at(bytes, 0);
          const utf8::Sequence wanted = expected(bytes);
          ASSERT_EQ(found.length, wanted.length) << testing::PrintToString(bytes);
          ASSERT_EQ(found.is_character, wanted.is_character) << testing::PrintToString(bytes);
          ASSERT_FALSE(found.is_cut_off) << testing::PrintToString(bytes);
        }
      }
    }
  }
}

TEST(Utf8, CutOffIsOneIllFormedPart) {
  for (const std::string_view whole : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      EXPECT_EQ(utf8::sequence_at(whole.substr(0, size), 0).length, size);
      EXPECT_TRUE(utf8::sequence_at(whole.substr(0, size), 0).is_cut_off);
      EXPECT_EQ(utf8::replace_invalid(whole.substr(0, size)), "\uFFFD");
    }
  }
  for (const std::string_view damaged : {"\xC3(", "\xC0", "\x80", "\xED\xA0", "\xE2\x82("}) {
    EXPECT_FALSE(utf8::sequence_at(damaged, 0).is_cut_off) << testing::PrintToString(damaged);
  }
}

TEST(Utf8, ReplacesEachIllFormedPartOnce) {
  EXPECT_EQ(utf8::replace_invalid("a\u20AC\U0001F600"), "a\u20AC\U0001F600");
  // The example of the Unicode standard, table 3-8.
  EXPECT_EQ(utf8::replace_invalid("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA");
  // Table 3-11.
  EXPECT_EQ(utf8::replace_invalid("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\uFFFD\uFFFD\uFFFD\uFFFDA");
}

TEST(Utf8, IsWellFormedOnceTheIllFormedPartsAreReplaced) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (std::size_t n = random() % 12; n > 0; --n) {
      bytes += static_cast<char>(random() % 3 == 0 ? random() % 128 : 0x80 + random() % 128);
    }
    const std::string text = utf8::replace_invalid(bytes);
    ASSERT_FALSE(find_invalid_utf8(text));
    if (!find_invalid_utf8(bytes)) {
      ASSERT_EQ(text, bytes);
    }
  }
}

TEST(Utf8, IsNeverCutInsideACharacter) {
  const std::string text = "a\u00E9\u20AC\U0001F600z";
  const std::vector<std::size_t> begins = {0, 1, 3, 6, 10, 11};
  for (std::size_t bytes = 0; bytes <= text.size() + 2; ++bytes) {
    const std::size_t wanted = *std::prev(std::upper_bound(begins.begin(), begins.end(), bytes));
    EXPECT_EQ(utf8::prefix(text, bytes), text.substr(0, wanted)) << bytes;
    EXPECT_EQ(utf8::begin_of_character(text, std::min(bytes, text.size())), wanted) << bytes;
  }
}

TEST(Utf8, OfUnknownBytesIsShownWithoutControlsAndCutBetweenCharacters) {
  using utf8::shown;
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("plain ü"), "plain ü");
  EXPECT_EQ(shown("a\x1B[2J\n\x7F"), "a?[2J??");
  EXPECT_EQ(shown("\xC3(\xFF"), "?(?") << "one for each byte that is none";
  const std::string sixty(60, 'x');
  EXPECT_EQ(shown(sixty), sixty);
  EXPECT_EQ(shown(sixty + 'x'), sixty + "…");
  std::mt19937 random(31);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 120, ' ');
    for (char& byte : bytes)
      byte = static_cast<char>(random() % 3 == 0 ? random() % 256 : 0xC3 - random() % 40);
    const std::string text = shown(bytes);
    EXPECT_EQ(find_invalid_utf8(text), std::nullopt);
    EXPECT_LE(text.size(), 63U + std::string("…").size());
    EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < 0x20; }));
  }
}

TEST(Utf8, CountsAndDecodesCharacters) {
  EXPECT_EQ(utf8::decode("a\u00E9\u20AC\U0001F600"), U"a\u00E9\u20AC\U0001F600");
  EXPECT_EQ(utf8::count("a\u00E9\u20AC\U0001F600"), 4U);
  EXPECT_EQ(utf8::count(""), 0U);
  EXPECT_TRUE(utf8::is_ascii("plain\x7F"));
  EXPECT_FALSE(utf8::is_ascii("caf\u00E9"));
}

}  // namespace
}  // namespace attnviz
