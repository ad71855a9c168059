// What holds for every tokenizer and every text: those of data/components.jsonl on random texts, and the
// golden ones where they are at hand.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "golden.h"
#include "support.h"

namespace attnviz::tokenizer {
namespace {

using test::ids;

struct Named {
  std::string name;
  std::string json;
  friend std::ostream& operator<<(std::ostream& out, const Named& named) { return out << named.name; }
};

std::vector<Named> read_tokenizers() {
  std::ifstream file(ATTNVIZ_TEST_DATA "/data/components.jsonl", std::ios::binary);
  std::vector<Named> all;
  for (std::string line; std::getline(file, line);) {
    const auto entry = nlohmann::json::parse(line);
    all.push_back({entry["name"], entry["tokenizer"].dump()});
  }
  return all;
}

std::string random_text(std::mt19937& random) {
  static const std::string kParts[] = {"a",
                                       "b",
                                       "ab",
                                       "the",
                                       " ",
                                       "  ",
                                       "\t",
                                       "\r\n",
                                       "12",
                                       ",",
                                       "!",
                                       "'s",
                                       "\u00E9",
                                       "e\u0301",
                                       "\u4E2D",
                                       "\uFB01",
                                       "\U0001F44D\U0001F3FD",
                                       "\u1100\u1161\u11A8",
                                       "<x>",
                                       "<Mask>",
                                       "zz",
                                       "\u200B",
                                       "\u2028",
                                       "Hello",
                                       "\u0130"};
  std::string text;
  for (std::size_t n = random() % 10; n > 0; --n) text += kParts[random() % std::size(kParts)];
  return text;
}

/// Encodes, or gives nothing where the tokenizer says that it cannot (a truncation that is impossible).
std::optional<Encoding> try_encode(const Tokenizer& tokenizer, std::string_view text, bool special = true) {
  try {
    return tokenizer.encode(text, std::nullopt, special);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return std::nullopt;
  }
}

void expect_inside(const Span& span, std::string_view text) {
  EXPECT_LE(0, span.begin);
  EXPECT_LE(span.end, static_cast<std::int64_t>(text.size()));
  EXPECT_EQ(utf8::begin_of_character(text, static_cast<std::size_t>(span.begin)),
            static_cast<std::size_t>(span.begin));
  EXPECT_EQ(utf8::begin_of_character(text, static_cast<std::size_t>(span.end)),
            static_cast<std::size_t>(span.end));
}

/// Spans lie in the text, on whole characters, and begin in order. What is special has no place or is of the
/// text; labels can be shown.
void expect_sound(const Encoding& encoding, const Tokenizer& tokenizer) {
  std::int64_t begin = 0;
  int word = -1;
  for (const Token& token : encoding.tokens) {
    EXPECT_EQ(find_invalid_utf8(token.text), std::nullopt);
    EXPECT_GE(token.id, 0);
    EXPECT_TRUE(token.id < tokenizer.size() || token.sequence < 0) << token.id;
    if (token.sequence < 0) {
      EXPECT_TRUE(token.special);
      EXPECT_FALSE(token.span);
      continue;
    }
    EXPECT_LE(word, token.word);
    word = token.word;
    expect_inside(token.reference, encoding.text);
    if (!token.span) continue;
    expect_inside(*token.span, encoding.text);
    EXPECT_LT(token.span->begin, token.span->end) << "a drawing span is not empty";
    EXPECT_LE(begin, token.span->begin);
    begin = token.span->begin;
  }
}

class Properties : public testing::TestWithParam<Named> {
 protected:
  std::unique_ptr<Tokenizer> tokenizer_ = test::load("tokenizer.json", GetParam().json);
  std::mt19937 random_{97};
};

TEST_P(Properties, SpansAreOrderedAndInsideTheText) {
  // These two show overlapping white space twice, as the reference does.
  const bool overlapping =
      GetParam().name.find("strip") != std::string::npos && GetParam().name.starts_with("added");
  if (overlapping) GTEST_SKIP() << "added tokens that take white space overlap";
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    const std::string text = random_text(random_);
    SCOPED_TRACE(text);
    if (const auto encoding = try_encode(*tokenizer_, text)) expect_sound(*encoding, *tokenizer_);
  }
}

TEST_P(Properties, AnEncodingIsTheSameEveryTime) {
  for (int round = 0; round < 20; ++round) {
    const std::string text = random_text(random_);
    const auto once = try_encode(*tokenizer_, text);
    const auto twice = try_encode(*tokenizer_, text);
    ASSERT_EQ(once.has_value(), twice.has_value());
    ASSERT_EQ(once ? ids(*once) : std::vector<std::int64_t>(),
              twice ? ids(*twice) : std::vector<std::int64_t>());
  }
}

TEST_P(Properties, WithoutSpecialTokensOnlyTheTemplateIsMissing) {
  if (GetParam().name.starts_with("truncation")) GTEST_SKIP() << "the template takes room of the text";
  for (int round = 0; round < 50; ++round) {
    const std::string text = random_text(random_);
    const Encoding full = tokenizer_->encode(text);
    std::vector<std::int64_t> without;
    for (const Token& token : full.tokens) {
      if (token.sequence >= 0) without.push_back(token.id);
    }
    ASSERT_EQ(ids(tokenizer_->encode(text, std::nullopt, false)), without) << text;
  }
}

TEST_P(Properties, StreamsGiveWhatDecodeGives) {
  for (int round = 0; round < 20; ++round) {
    if (const auto encoding = try_encode(*tokenizer_, random_text(random_)))
      test::expect_stream_equals_decode(*tokenizer_, ids(*encoding));
  }
}

TEST_P(Properties, PiecesAndIdsBelongTogether) {
  for (std::int64_t id = 0; id < tokenizer_->size(); ++id) {
    const Token token = tokenizer_->token(id);
    EXPECT_EQ(token.id, id);
    EXPECT_FALSE(token.text.empty() && !token.piece.empty() && token.special);
    if (token.piece.empty()) continue;
    EXPECT_EQ(tokenizer_->id_of(token.piece), id) << token.piece;
  }
  EXPECT_EQ(tokenizer_->token(tokenizer_->size()).text, "#" + std::to_string(tokenizer_->size()));
}

TEST_P(Properties, TheUnknownTokenIsOneOfTheVocabulary) {
  const auto unknown = tokenizer_->unknown_id();
  if (!unknown) return;
  EXPECT_LT(*unknown, tokenizer_->size());
  EXPECT_TRUE(tokenizer_->token(*unknown).special ||
              tokenizer_->id_of(tokenizer_->token(*unknown).piece) == *unknown);
}

INSTANTIATE_TEST_SUITE_P(Each, Properties, testing::ValuesIn(read_tokenizers()),
                         [](const auto& named) { return named.param.name; });

/// Every byte of every text comes back from a byte-level vocabulary.
TEST(ByteLevel, TextsComeBackFromTheirIds) {
  nlohmann::json vocabulary = nlohmann::json::object();
  for (const auto& named : read_tokenizers()) {
    if (named.name != "pre_tokenizer_ByteLevel_prefix_False_regex_True") continue;
    const auto tokenizer = test::load("tokenizer.json", named.json);
    std::mt19937 random(101);
    for (int round = 0; round < 500; ++round) {
      const std::string text = random_text(random);
      ASSERT_EQ(tokenizer->decode(ids(tokenizer->encode(text))), text);
    }
    return;
  }
  FAIL() << "the byte-level component is not in components.jsonl";
}

// --------------------------------------------------------------------------------------------- golden files

class GoldenProperties : public testing::TestWithParam<test::Family> {
 protected:
  void SetUp() override {
    if (!test::has_golden(GetParam())) GTEST_SKIP() << test::kNoGolden;
  }
};

TEST_P(GoldenProperties, StreamsGiveWhatDecodeGives) {
  const auto tokenizer = test::load_family(GetParam());
  test::for_each_golden(GetParam(), [&](const nlohmann::json& line) {
    auto all = line["ids"].get<std::vector<std::int64_t>>();
    if (all.size() > 200) all.resize(200);
    test::expect_stream_equals_decode(*tokenizer, all);
  });
}

TEST_P(GoldenProperties, SpansAreOrderedAndInsideTheText) {
  const auto tokenizer = test::load_family(GetParam());
  test::for_each_golden(GetParam(), [&](const nlohmann::json& line) {
    const std::string text = line["text"];
    SCOPED_TRACE(line["name"]);
    expect_sound(tokenizer->encode(text), *tokenizer);
  });
}

TEST_P(GoldenProperties, TextsOfByteLevelVocabulariesComeBack) {
  if (GetParam().name != "gpt2" && GetParam().name != "roberta-base")
    GTEST_SKIP() << "not byte-level, or it normalizes";
  const auto tokenizer = test::load_family(GetParam());
  test::for_each_golden(GetParam(), [&](const nlohmann::json& line) {
    const std::string text = line["text"];
    const Encoding encoding = tokenizer->encode(text, std::nullopt, false);
    for (const Token& token : encoding.tokens) {
      if (token.special) return;  // decode() leaves those out that the text spells
    }
    EXPECT_EQ(tokenizer->decode(ids(encoding)), text) << line["name"];
  });
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenProperties, testing::ValuesIn(test::kFamilies), test::name_of);

}  // namespace
}  // namespace attnviz::tokenizer
