// Tokens that are looked for in the text before the model sees it.
#include "tokenizer/added_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "attnviz/core.h"
#include "stage_support.h"
#include "tokenizer/wordlevel.h"

namespace attnviz::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::unique_ptr<PieceModel> model_of(const std::vector<std::string>& pieces) {
  Vocabulary vocabulary;
  for (const std::string& piece : pieces)
    vocabulary.add(piece, static_cast<std::uint32_t>(vocabulary.size()));
  return make_wordlevel(std::move(vocabulary), "?");
}

AddedToken token_of(std::string content, bool AddedToken::*flag = nullptr) {
  AddedToken token;
  token.content = std::move(content);
  token.normalized = false;
  if (flag != nullptr) token.*flag = true;
  return token;
}

/// The parts of `text`: added tokens as "<content>#id", the rest as it is.
std::vector<std::string> extracted(const AddedTokens& tokens, std::string_view text,
                                   const Normalizer* normalizer = nullptr) {
  const PreTokenized words = tokens.extract(text, normalizer);
  std::vector<std::string> parts;
  for (const Split& split : words.splits) {
    parts.emplace_back(words.of(split));
    if (split.added_token >= 0) parts.back() += "#" + std::to_string(split.added_token);
  }
  return parts;
}

AddedTokens make(std::vector<AddedToken> tokens, const Normalizer* normalizer = nullptr) {
  return AddedTokens(std::move(tokens), *model_of({"?", "a", "<s>"}), normalizer, "in/tokenizer.json");
}

TEST(AddedTokens, GetTheirIdFromTheModelOrTheNextFreeOne) {
  const AddedTokens tokens = make({token_of("<x>"), token_of("<s>"), token_of("<y>"), token_of("<x>")});
  EXPECT_EQ(tokens.id_of("<s>"), 2U) << "a piece of the model";
  EXPECT_EQ(tokens.id_of("<x>"), 3U);
  EXPECT_EQ(tokens.id_of("<y>"), 4U);
  EXPECT_EQ(tokens.id_of("<z>"), std::nullopt);
  EXPECT_EQ(tokens.end_id(), 5);
  EXPECT_EQ(tokens.find(4)->content, "<y>");
  EXPECT_EQ(tokens.find(1), nullptr);
}

TEST(AddedTokens, AreCutOutOfTheText) {
  const AddedTokens tokens = make({token_of("<x>"), token_of("<xx>")});
  EXPECT_THAT(extracted(tokens, "a<x>b<xx><x"), ElementsAre("a", "<x>#3", "b", "<xx>#4", "<x"));
  EXPECT_THAT(extracted(tokens, "<x>"), ElementsAre("<x>#3"));
  EXPECT_THAT(extracted(tokens, ""), ElementsAre());
}

TEST(AddedTokens, TakeTheLongestAtAPlace) {
  const AddedTokens tokens = make({token_of("ab"), token_of("abab"), token_of("b")});
  EXPECT_THAT(extracted(tokens, "ababab"), ElementsAre("abab#4", "ab#3"));
  EXPECT_THAT(extracted(tokens, "aabb"), ElementsAre("a", "ab#3", "b#5"));
}

TEST(AddedTokens, WithStripTakeTheSpaceBesideThem) {
  EXPECT_THAT(extracted(make({token_of("<x>", &AddedToken::lstrip)}), "a \t<x> b"),
              ElementsAre("a", " \t<x>#3", " b"));
  EXPECT_THAT(extracted(make({token_of("<x>", &AddedToken::rstrip)}), "a <x>\u2003\nb"),
              ElementsAre("a ", "<x>\u2003\n#3", "b"));
  EXPECT_THAT(extracted(make({token_of("<x>", &AddedToken::lstrip)}), "  <x>  <x>"),
              ElementsAre("  <x>#3", "  <x>#3"));
}

TEST(AddedTokens, AsSingleWordsStandAlone) {
  const AddedTokens tokens = make({token_of("ab", &AddedToken::single_word)});
  EXPECT_THAT(extracted(tokens, "ab abc ab,\u00E9ab ab"),
              ElementsAre("ab#3", " abc ", "ab#3", ",\u00E9ab ", "ab#3"));
}

TEST(AddedTokens, AreLookedForInTheNormalizedTextIfToldSo) {
  const auto lower = test::make_stage(make_normalizer, R"({"type":"Lowercase"})");
  AddedToken normalized = token_of("Yes");
  normalized.normalized = true;
  const AddedTokens tokens = make({normalized, token_of("No")}, lower.get());
  EXPECT_THAT(extracted(tokens, "YES yes No NO", lower.get()),
              ElementsAre("yes#3", " ", "yes#3", " ", "No#4", " no"));
}

TEST(AddedTokens, KeepWhatTheyCover) {
  const auto upper =
      test::make_stage(make_normalizer, R"({"type":"Replace","pattern":{"String":"a"},"content":"bbb"})");
  const AddedTokens tokens = make({token_of("<x>")}, upper.get());
  const PreTokenized words = tokens.extract("a<x>a", upper.get());
  ASSERT_EQ(words.splits.size(), 3U);
  EXPECT_EQ(words.splits[1].covered, (Alignment{1, 4}));
  EXPECT_EQ(words.splits[2].origin, 4U);
  EXPECT_EQ(words.of(words.splits[2]), "bbb");
}

TEST(AddedTokens, RefuseWhatIsAbsurdlyLong) {
  EXPECT_NO_THROW(make({token_of(std::string(1024, 'a'))}));
  try {
    make({token_of(std::string(1025, 'a'))});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("in/tokenizer.json: an added token has 1025 bytes"));
  }
}

TEST(AddedTokens, WithoutContentAreLeftOut) {
  const AddedTokens tokens = make({token_of(""), token_of("<x>")});
  EXPECT_EQ(tokens.end_id(), 4);
  EXPECT_THAT(extracted(tokens, "ab"), ElementsAre("ab"));
}

/// The definition: at each place the longest content that stands there.
std::vector<std::string> naively(const std::vector<std::string>& contents, std::string_view text) {
  std::vector<std::string> parts;
  std::string rest;
  const auto put_rest = [&] {
    if (!rest.empty()) parts.push_back(rest);
    rest.clear();
  };
  for (std::size_t i = 0; i < text.size();) {
    std::size_t best = contents.size();
    for (std::size_t k = 0; k < contents.size(); ++k) {
      if (text.substr(i).starts_with(contents[k]) &&
          (best == contents.size() || contents[k].size() > contents[best].size()))
        best = k;
    }
    if (best == contents.size()) {
      rest += text[i++];
      continue;
    }
    put_rest();
    parts.push_back(contents[best] + "#" + std::to_string(3 + best));
    i += contents[best].size();
  }
  put_rest();
  return parts;
}

TEST(AddedTokens, AreFoundAsALoopFindsThem) {
  std::mt19937 random(73);
  const auto word = [&](std::size_t longest) {
    std::string text;
    for (std::size_t n = 1 + random() % longest; n > 0; --n) text += static_cast<char>('x' + random() % 3);
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> contents;
    std::vector<AddedToken> tokens;
    for (int i = 0; i < 5; ++i) {
      const std::string content = word(4);
      if (std::find(contents.begin(), contents.end(), content) != contents.end()) continue;
      contents.push_back(content);
      tokens.push_back(token_of(content));
    }
    const AddedTokens added = make(tokens);
    for (int i = 0; i < 10; ++i) {
      const std::string text = word(20);
      ASSERT_EQ(extracted(added, text), naively(contents, text)) << text;
    }
  }
}

}  // namespace
}  // namespace attnviz::tokenizer
