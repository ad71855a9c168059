// What lies under the components: aligned text, normal forms, patterns, JSON, the character map.
#include <gtest/gtest.h>
#include <unicode/normalizer2.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "support.h"
#include "tokenizer/aligned_text.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/json.h"
#include "tokenizer/pattern.h"
#include "tokenizer/precompiled_map.h"
#include "tokenizer/protobuf.h"
#include "tokenizer/unicode_normalization.h"

namespace attnviz::tokenizer {
namespace {

TEST(AlignedText, BeginsAsItsOwnImage) {
  const AlignedText text("aé", 10);
  EXPECT_EQ(text.alignment, (std::vector<Alignment>{{10, 11}, {11, 13}, {11, 13}}));
}

TEST(AlignedText, FollowsWhatIsRewritten) {
  AlignedText text("abcd");
  text.rewrite(std::vector<Change>{{U'x', 0}, {U'y', 1}, {U'z', -1}}, 1);
  EXPECT_EQ(text.text, "xyz");
  EXPECT_EQ(text.alignment, (std::vector<Alignment>{{1, 2}, {1, 2}, {2, 3}}));
}

TEST(AlignedText, SurvivesChangesThatDoNotAddUp) {
  AlignedText text("ab");
  text.rewrite(std::vector<Change>{{U'x', -50}, {U'y', 0}, {U'z', 0}, {U'w', 3}}, 7);
  EXPECT_EQ(text.text, "xyzw");
  EXPECT_EQ(text.alignment.size(), 4U);
  AlignedText empty("");
  empty.rewrite(std::vector<Change>{{U'x', 0}});
  EXPECT_EQ(empty.text, "x");
}

TEST(AlignedText, FiltersMapsAndPrepends) {
  AlignedText text("-a-b-");
  text.filter([](char32_t c) { return c != U'-'; });
  text.map([](char32_t c) { return c == U'a' ? U'é' : c; });
  text.prepend("▁");
  EXPECT_EQ(text.text, "▁éb");
  EXPECT_EQ(text.alignment.front(), (Alignment{1, 2}));
  EXPECT_EQ(text.alignment.back(), (Alignment{3, 4}));
}

TEST(ReplaceMatches, RefusesToGrowWithoutEnd) {
  AlignedText text("aaaaaaaaaaaaaaaa");
  const std::string megabytes(std::size_t{5} << 20U, 'b');
  EXPECT_THROW(replace_matches(text, Pattern::regex("a", "test"), megabytes), Error);
}

TEST(ReplaceMatches, AlignsWithTheLastCharacter) {
  AlignedText text("a  b");
  replace_matches(text, Pattern::regex(" +", "test"), "▁");
  EXPECT_EQ(text.text, "a▁b");
  EXPECT_EQ(text.alignment[1], (Alignment{2, 3}));
  EXPECT_EQ(replace_all("aXXbX", "X", "yy"), "ayyyybyy");
  EXPECT_EQ(replace_all("abc", "", "x"), "abc");
}

TEST(NormalForms, AreThoseOfIcu) {
  static constexpr char32_t kPool[] = {U'a',   U'e',   U'A',    0x301,  0x316,  0x327,  0x307,
                                       0x323,  U'é',   U'ế',    0x1E9B, 0x212B, 0x1100, 0x1161,
                                       0x11A8, 0xAC00, 0xAC01,  0xFB01, 0x2460, 0x3300, 0x915,
                                       0x93C,  0x958,  0x1D15E, 0x0F73, 0x344,  0xBD,   U' '};
  UErrorCode status = U_ZERO_ERROR;
  const std::pair<NormalForm, const icu::Normalizer2*> forms[] = {
      {NormalForm::kNfc, icu::Normalizer2::getNFCInstance(status)},
      {NormalForm::kNfd, icu::Normalizer2::getNFDInstance(status)},
      {NormalForm::kNfkc, icu::Normalizer2::getNFKCInstance(status)},
      {NormalForm::kNfkd, icu::Normalizer2::getNFKDInstance(status)}};
  ASSERT_TRUE(U_SUCCESS(status));
  std::mt19937 random(17);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t n = random() % 9; n > 0; --n) utf8::append(text, kPool[random() % std::size(kPool)]);
    for (const auto& [form, icu_form] : forms) {
      AlignedText aligned(text);
      normalize(aligned, form);
      std::string expected;
      icu_form->normalize(icu::UnicodeString::fromUTF8(text), status).toUTF8String(expected);
      ASSERT_EQ(aligned.text, expected) << text;
      ASSERT_EQ(aligned.alignment.size(), aligned.text.size());
    }
  }
}

std::string cut(SplitBehavior behavior, std::string_view text) {
  std::vector<Match> matches;
  Pattern::literal("-").cut(text, matches);
  apply_behavior(behavior, matches);
  std::string shown;
  for (const Match& match : matches)
    shown += "[" + std::string(text.substr(match.begin, match.end - match.begin)) + "]";
  return shown;
}

TEST(Patterns, AreSplitAsTheirBehaviorSays) {
  const std::string_view text = "the-final--countdown";
  EXPECT_EQ(cut(SplitBehavior::kRemoved, text), "[the][final][countdown]");
  EXPECT_EQ(cut(SplitBehavior::kIsolated, text), "[the][-][final][-][-][countdown]");
  EXPECT_EQ(cut(SplitBehavior::kMergedWithPrevious, text), "[the-][final-][-][countdown]");
  EXPECT_EQ(cut(SplitBehavior::kMergedWithNext, text), "[the][-final][-][-countdown]");
  EXPECT_EQ(cut(SplitBehavior::kContiguous, text), "[the][-][final][--][countdown]");
  EXPECT_EQ(cut(SplitBehavior::kMergedWithNext, ""), "");
  EXPECT_EQ(cut(SplitBehavior::kMergedWithPrevious, "--a"), "[-][-][a]");
}

TEST(Patterns, EmptyMatches_DoNotRepeat) {
  std::string shown;
  Pattern::regex("x*", "test").for_each_match("axé", [&](std::size_t begin, std::size_t end) {
    shown += std::to_string(begin) + "-" + std::to_string(end) + " ";
  });
  EXPECT_EQ(shown, "0-0 1-2 4-4 ");
}

TEST(Json, ReadsNumbersAsTheReferenceDoes) {
  EXPECT_EQ(json::parse_decimal("-12"), -12.0);
  EXPECT_EQ(json::parse_decimal("0.5e1"), 5.0);
  EXPECT_EQ(json::parse_decimal("1e-400"), 0.0);
  EXPECT_EQ(json::parse_decimal("1e400"), HUGE_VAL);
  EXPECT_EQ(json::parse_decimal("0e999999999999"), 0.0);
  EXPECT_EQ(json::parse_decimal("123456789012345678901234567890"), 12345678901234567890.0 * 1e10);
  // Two roundings, where strtod has one.
  EXPECT_EQ(json::parse_decimal("-10.052029609680176"), -static_cast<double>(10052029609680176ULL) / 1e15);
  int different = 0;
  std::mt19937_64 random(19);
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = "-" + std::to_string(random() % 20) + "." +
                             std::to_string(1'000'000'000'000'000 + random() % 9'000'000'000'000'000);
    const double ours = json::parse_decimal(text);
    const double nearest = std::strtod(text.c_str(), nullptr);
    ASSERT_NEAR(ours, nearest, 1e-14);
    different += ours != nearest ? 1 : 0;
  }
  EXPECT_GT(different, 0);
}

TEST(Json, KeepsTheOrder_AndFindsTheLastOfEqualKeys) {
  const json::Document document(R"({"b":1,"a":[true,null,"x\u0000y"],"b":2.5})", "test");
  ASSERT_EQ(document.root().items.size(), 3U);
  EXPECT_EQ(document.root().items[0].key, "b");
  EXPECT_EQ(document.root().find("b")->real, 2.5);
  EXPECT_EQ(document.root().find("a")->items[2].text, std::string_view("x\0y", 3));
  EXPECT_EQ(document.root().find("c"), nullptr);
}

TEST(Json, Fields_AskForAKind) {
  const json::Document document(R"({"n":3,"s":"é","f":true,"z":null})", "file.json");
  const json::Fields fields(document.root(), document.where(), "thing");
  EXPECT_EQ(fields.count("n"), 3U);
  EXPECT_EQ(fields.count("z", 9), 9U);
  EXPECT_EQ(fields.character("s"), U'é');
  EXPECT_TRUE(fields.flag("f"));
  EXPECT_FALSE(fields.flag("z", false));
  EXPECT_EQ(fields.optional_text("z"), std::nullopt);
  EXPECT_THROW(fields.text("n"), Error);
  EXPECT_THROW(fields.flag("z"), Error);
  EXPECT_THROW(fields.character("missing"), Error);
}

TEST(Base64, IsDecoded) {
  EXPECT_EQ(decode_base64("aGVsbG8="), "hello");
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("AP8="), std::string("\0\xFF", 2));
  EXPECT_EQ(decode_base64("a*"), std::nullopt);
}

TEST(PrecompiledMap, RefusesWhatIsCutOff) {
  EXPECT_FALSE(PrecompiledMap("", "test").longest_prefix("a"));
  for (const std::string& blob : {std::string("abc"), std::string("\x04\0\0\0", 4),
                                  std::string("\xFF\xFF\xFF\xFF"
                                              "aaaa")}) {
    EXPECT_THROW(PrecompiledMap(blob, "test"), Error);
  }
}

/// The map of `entries` as SentencePiece stores it: a double-array trie, built the slow way, and the texts.
std::string blob_of(const std::map<std::string, std::string>& entries) {
  std::string texts;
  std::map<std::string, std::uint32_t> offsets;
  for (const auto& [key, text] : entries) {
    offsets[key] = static_cast<std::uint32_t>(texts.size());
    texts += text + std::string(1, '\0');
  }
  std::map<std::uint32_t, std::uint32_t> units;
  std::set<std::uint32_t> used{0};
  std::set<std::uint32_t> bases;  // One each: the label alone says whose child a unit is.
  const std::function<void(std::uint32_t, const std::string&, std::uint32_t)> place =
      [&](std::uint32_t position, const std::string& prefix, std::uint32_t label) {
        std::set<std::uint32_t> children;
        for (const auto& [key, unused] : offsets) {
          if (!key.starts_with(prefix)) continue;
          children.insert(key.size() == prefix.size() ? 0U : static_cast<unsigned char>(key[prefix.size()]));
        }
        std::uint32_t base = 1;
        const auto taken = [&](std::uint32_t child) {
          return used.contains(base ^ child) || (base ^ child) == position;
        };
        while (bases.contains(base) || std::any_of(children.begin(), children.end(), taken)) ++base;
        bases.insert(base);
        for (const std::uint32_t child : children) used.insert(base ^ child);
        units[position] = (position ^ base) << 10 | (children.contains(0) ? 1U << 8 : 0U) | label;
        for (const std::uint32_t child : children) {
          if (child == 0) {
            units[base] = offsets.at(prefix) | 1U << 31;
          } else {
            place(base ^ child, prefix + static_cast<char>(child), child);
          }
        }
      };
  place(0, "", 0);
  std::string trie;
  const auto put = [](std::string& bytes, std::uint32_t word) {
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 0xFF);
  };
  for (std::uint32_t i = 0; i <= (units.rbegin()->first | 255U); ++i)
    put(trie, units.contains(i) ? units[i] : 0);
  std::string blob;
  put(blob, static_cast<std::uint32_t>(trie.size()));
  return blob + trie + texts;
}

TEST(PrecompiledMap, FindsWhatAMapFinds) {
  std::mt19937 random(113);
  const auto word = [&](std::size_t longest) {
    std::string text;
    for (std::size_t n = 1 + random() % longest; n > 0; --n) text += static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int round = 0; round < 20; ++round) {
    std::map<std::string, std::string> entries;
    for (int i = 0; i < 12; ++i) entries[word(4)] = random() % 5 == 0 ? "" : word(3);
    const PrecompiledMap map(blob_of(entries), "test");
    for (int i = 0; i < 100; ++i) {
      const std::string text = word(6);
      std::vector<std::size_t> lengths;
      for (std::size_t n = 1; n <= text.size(); ++n) {
        if (entries.contains(text.substr(0, n))) lengths.push_back(n);
      }
      const auto longest = map.longest_prefix(text);
      const auto shortest = map.shortest_prefix(text);
      ASSERT_EQ(longest.has_value(), !lengths.empty()) << text;
      ASSERT_EQ(shortest.has_value(), !lengths.empty()) << text;
      if (lengths.empty()) continue;
      ASSERT_EQ(longest->length, lengths.back());
      ASSERT_EQ(longest->replacement, entries[text.substr(0, lengths.back())]);
      ASSERT_EQ(shortest->length, lengths.front());
      ASSERT_EQ(shortest->replacement, entries[text.substr(0, lengths.front())]);
    }
  }
}

TEST(PrecompiledMap, DamagedAnywhereStaysInsideItsBytes) {
  std::mt19937 random(127);
  const std::string good = blob_of({{"ab", "x"}, {"b", "yy"}, {"bc", ""}});
  for (int round = 0; round < 2'000; ++round) {
    std::string blob = good;
    for (int i = 0; i < 4; ++i) blob[4 + random() % (blob.size() - 4)] = static_cast<char>(random() % 128);
    try {
      const PrecompiledMap map(blob, "test");
      for (const std::string_view text : {"ab", "b", "bc", "cab"}) {
        if (const auto found = map.longest_prefix(text)) {
          ASSERT_LE(found->length, text.size());
        }
        if (const auto found = map.shortest_prefix(text)) {
          ASSERT_LE(found->length, text.size());
        }
      }
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kInput);
    }
  }
}

TEST(Base64, OfRandomBytesComesBack) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::mt19937 random(131);
  for (int round = 0; round < 500; ++round) {
    std::string bytes;
    for (std::size_t n = random() % 20; n > 0; --n) bytes += static_cast<char>(random() % 256);
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
      std::uint32_t group = 0;
      for (std::size_t k = 0; k < 3; ++k)
        group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
      for (std::size_t k = 0; k < 4; ++k)
        text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
    ASSERT_EQ(decode_base64(text), bytes) << text;
  }
}

TEST(Protobuf, OfRandomFieldsComesBack) {
  std::mt19937_64 random(137);
  for (int round = 0; round < 300; ++round) {
    std::string message;
    std::vector<std::pair<int, std::string>> expected;  // and the bytes, or the number in decimal
    for (std::size_t n = random() % 6; n > 0; --n) {
      const int number = static_cast<int>(1 + random() % 3000);
      if (random() % 2 == 0) {
        const std::uint64_t value = random() >> (random() % 64);
        message += test::field(number, value);
        expected.emplace_back(number, std::to_string(value));
      } else {
        const std::string bytes(random() % 300, 'x');
        message += test::field(number, bytes);
        expected.emplace_back(number, bytes);
      }
    }
    ProtobufReader reader(message, "test");
    for (const auto& [number, value] : expected) {
      const auto found = reader.next();
      ASSERT_TRUE(found);
      ASSERT_EQ(found->number, static_cast<std::uint32_t>(number));
      ASSERT_EQ(found->is_bytes ? std::string(found->bytes) : std::to_string(found->integer), value);
    }
    ASSERT_FALSE(reader.next());
  }
}

TEST(Protobuf, ReadsFields_AndRefusesDamage) {
  ProtobufReader reader(std::string_view("\x08\x96\x01\x12\x02hi\x1D\0\0\x80\x3F", 12), "test");
  const auto first = reader.next();
  EXPECT_EQ(first->integer, 150U);
  EXPECT_EQ(reader.next()->bytes, "hi");
  EXPECT_EQ(reader.next()->real(), 1.0F);
  EXPECT_FALSE(reader.next());
  for (const std::string_view bytes :
       {"\x08", "\x12\x05hi", "\x1D\x01", "\x0B", "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"}) {
    ProtobufReader damaged(bytes, "test");
    EXPECT_THROW(damaged.next(), Error);
  }
}

}  // namespace
}  // namespace attnviz::tokenizer
