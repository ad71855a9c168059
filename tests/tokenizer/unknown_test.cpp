// How to tell that the vocabulary cannot spell a text, for every family.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.h"

namespace attnviz::tokenizer {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Not;

std::string tokenizer_json(const std::string& model) {
  return R"({"added_tokens":[],"model":)" + model + "}";
}

/// The ids of a text that no piece spells.
std::vector<std::int64_t> unknown_text(const Tokenizer& tokenizer) {
  return test::ids(tokenizer.encode("\u0416\u0416 \u0416", std::nullopt, false));
}

void expect_all_unknown(const Tokenizer& tokenizer, std::int64_t id) {
  ASSERT_EQ(tokenizer.unknown_id(), id) << tokenizer.describe();
  EXPECT_FALSE(unknown_text(tokenizer).empty());
  EXPECT_THAT(unknown_text(tokenizer), Each(id)) << tokenizer.describe();
  EXPECT_THAT(test::ids(tokenizer.encode("a", std::nullopt, false)), Not(testing::Contains(id)));
  EXPECT_TRUE(tokenizer.token(id).special);
}

TEST(Unknown, OfWordPiece) {
  expect_all_unknown(*test::load({{"vocab.txt", "[PAD]\n[UNK]\na\n"}}), 1);
  expect_all_unknown(*test::load({{"vocab.txt", "<pad>\n<unk>\na\n"},
                                  {"tokenizer_config.json", R"({"unk_token":"<unk>"})"}}),
                     1);
}

TEST(Unknown, OfWordLevel) {
  expect_all_unknown(
      *test::load("tokenizer.json",
                  tokenizer_json(R"({"type":"WordLevel","unk_token":"?","vocab":{"a":0,"?":5}})")),
      5);
}

TEST(Unknown, OfBpe) {
  expect_all_unknown(
      *test::load("tokenizer.json",
                  tokenizer_json(R"({"type":"BPE","unk_token":"?","vocab":{"a":0,"?":3},"merges":[]})")),
      3);
  expect_all_unknown(
      *test::load("tokenizer.json", tokenizer_json(R"({"type":"BPE","unk_token":"?","fuse_unk":true,)"
                                                   R"("vocab":{"a":0,"?":3},"merges":[]})")),
      3);
}

TEST(Unknown, OfUnigram) {
  expect_all_unknown(
      *test::load("tokenizer.json",
                  tokenizer_json(R"({"type":"Unigram","unk_id":1,"vocab":[["a",-1],["?",0]]})")),
      1);
}

TEST(Unknown, OfSentencePiece) {
  for (const std::uint64_t type : {1U, 2U}) {
    const auto tokenizer = test::load(
        "tokenizer.model", test::piece("<s>", 0, 3) + test::piece("<unk>", 0, 2) + test::piece("a", -1) +
                               test::piece("▁a", -1) + test::field(2, test::field(3, type)));
    expect_all_unknown(*tokenizer, 1);
  }
}

TEST(Unknown, IsNotThereWhereEverythingIsSpelled) {
  const auto bytes = test::load({{"vocab.json", R"({"Ġ":0,"a":1,"Ð":2,"ĸ":3})"}, {"merges.txt", ""}});
  EXPECT_EQ(bytes->unknown_id(), std::nullopt);
  EXPECT_THAT(unknown_text(*bytes), ElementsAre(2, 3, 2, 3, 0, 2, 3));
}

TEST(Unknown, IsNotThereWhereTheModelLeavesOutWhatItCannotSpell) {
  const auto bpe =
      test::load("tokenizer.json", tokenizer_json(R"({"type":"BPE","vocab":{"a":0},"merges":[]})"));
  EXPECT_EQ(bpe->unknown_id(), std::nullopt);
  EXPECT_THAT(unknown_text(*bpe), ElementsAre());
  EXPECT_EQ(
      test::load("tokenizer.json", tokenizer_json(R"({"type":"Unigram","vocab":[["a",-1]]})"))->unknown_id(),
      std::nullopt);
}

TEST(Unknown, ThatIsNotInTheVocabularyIsAnErrorOnceItIsNeeded) {
  for (const char* const model : {R"({"type":"WordLevel","unk_token":"?","vocab":{"a":0}})",
                                  R"({"type":"WordPiece","unk_token":"?","vocab":{"a":0}})",
                                  R"({"type":"BPE","unk_token":"?","vocab":{"a":0},"merges":[]})",
                                  R"({"type":"Unigram","vocab":[["a",-1]]})"}) {
    const auto tokenizer = test::load("tokenizer.json", tokenizer_json(model));
    EXPECT_EQ(tokenizer->unknown_id(), std::nullopt) << model;
    EXPECT_THAT(test::ids(tokenizer->encode("a")), ElementsAre(0)) << model;
    EXPECT_THROW(unknown_text(*tokenizer), Error) << model;
  }
}

TEST(Unknown, IsNotWhatByteTokensSpell) {
  std::string vocab = R"("a":0,"?":1)";
  for (int byte = 0; byte < 256; ++byte) {
    const char* const hex = "0123456789ABCDEF";
    vocab += std::string(",\"<0x") + hex[byte / 16] + hex[byte % 16] + ">\":" + std::to_string(2 + byte);
  }
  const auto tokenizer = test::load(
      "tokenizer.json",
      tokenizer_json(R"({"type":"BPE","unk_token":"?","byte_fallback":true,"merges":[],"vocab":{)" + vocab +
                     "}}"));
  EXPECT_EQ(tokenizer->unknown_id(), 1);
  EXPECT_THAT(unknown_text(*tokenizer), Not(testing::Contains(1)));
}

}  // namespace
}  // namespace attnviz::tokenizer
