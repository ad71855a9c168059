// The files that a tokenizer may come in, and what stands beside them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.h"

namespace attnviz::tokenizer {
namespace {

using test::ids;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kVocabTxt = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\n##s\nHello\ncafe\n\xE2\x80\xA8x\n,\n";

TEST(VocabTxt, LowersCase_UnlessTheConfigurationSaysNo) {
  EXPECT_THAT(ids(test::load({{"vocab.txt", kVocabTxt}})->encode("Hellos, café")),
              ElementsAre(2, 4, 5, 9, 7, 3));
  const auto cased =
      test::load({{"vocab.txt", kVocabTxt}, {"tokenizer_config.json", R"({"do_lower_case":false})"}});
  EXPECT_THAT(ids(cased->encode("Hello café")), ElementsAre(2, 6, 1, 3));
}

TEST(VocabTxt, IsCutAtLineFeedsOnly) {
  const auto tokenizer = test::load({{"vocab.txt", kVocabTxt}});
  EXPECT_EQ(tokenizer->size(), 10);
  EXPECT_EQ(tokenizer->id_of("\u2028x"), 8);
}

TEST(VocabTxt, KnowsSpecialTokensInTheText) {
  const auto tokenizer = test::load({{"vocab.txt", kVocabTxt}});
  EXPECT_THAT(ids(tokenizer->encode("hello[SEP]hello", std::nullopt, false)), ElementsAre(4, 3, 4));
  EXPECT_EQ(tokenizer->decode(std::vector<std::int64_t>{2, 4, 5, 9, 4, 3}), "hellos, hello");
}

const std::string kVocabJson = R"({"Ġ":0,"a":1,"b":2,"ab":3,"Ġab":4,"<|endoftext|>":5,"<s>":6,"</s>":7})";
const std::string kMerges = "#version: 0.2\na b\nĠ ab\n";

TEST(VocabJson, IsGpt2_WithoutATemplate) {
  const auto tokenizer = test::load({{"vocab.json", kVocabJson}, {"merges.txt", kMerges}});
  EXPECT_THAT(ids(tokenizer->encode("ab ab<|endoftext|>")), ElementsAre(3, 4, 5));
  EXPECT_EQ(tokenizer->describe(), "vocab.json + merges.txt (BPE)");
  EXPECT_EQ(tokenizer->decode(std::vector<std::int64_t>{3, 4, 5}), "ab ab");
}

TEST(VocabJson, FollowsTheConfiguration) {
  const auto prefixed = test::load({{"vocab.json", kVocabJson},
                                    {"merges.txt", kMerges},
                                    {"tokenizer_config.json", R"({"add_prefix_space":true})"}});
  EXPECT_THAT(ids(prefixed->encode("ab")), ElementsAre(4));
  const auto bos =
      test::load({{"vocab.json", kVocabJson},
                  {"merges.txt", kMerges},
                  {"tokenizer_config.json", R"({"tokenizer_class":"GPT2Tokenizer","add_bos_token":true})"}});
  EXPECT_THAT(ids(bos->encode("ab")), ElementsAre(5, 3));
  const auto roberta =
      test::load({{"vocab.json", kVocabJson},
                  {"merges.txt", kMerges},
                  {"tokenizer_config.json", R"({"tokenizer_class":"RobertaTokenizerFast"})"}});
  EXPECT_THAT(ids(roberta->encode("ab", "ab")), ElementsAre(6, 3, 7, 7, 3, 7));
  EXPECT_THAT(test::load_error({{"vocab.json", kVocabJson},
                                {"merges.txt", kMerges},
                                {"tokenizer_config.json", R"({"tokenizer_class":"OddTokenizer"})"}}),
              HasSubstr("OddTokenizer"));
}

TEST(TokenizerJson, ComesBeforeTheOthers_AndTakesTheConfigurationsTokens) {
  const std::string json = R"({"added_tokens":[],"normalizer":{"type":"BertNormalizer","clean_text":true,)"
                           R"("handle_chinese_chars":true,"strip_accents":null,"lowercase":true},)"
                           R"("pre_tokenizer":{"type":"WhitespaceSplit"},)"
                           R"("model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"A":1,"a":2}}})";
  const auto tokenizer = test::load(
      {{"vocab.txt", kVocabTxt},
       {"tokenizer.json", json},
       {"tokenizer_config.json",
        R"({"do_lower_case":false,"added_tokens_decoder":{"3":{"content":"<new>","special":true}}})"}});
  EXPECT_THAT(ids(tokenizer->encode("A a<new>")), ElementsAre(1, 2, 3));
  EXPECT_TRUE(tokenizer->token(3).special);
}

TEST(TokenizerJson, OfLlama_PutsBosAndEosAsConfigured) {
  const std::string json =
      R"({"added_tokens":[{"id":1,"content":"<s>","special":true,"normalized":false},)"
      R"({"id":2,"content":"</s>","special":true,"normalized":false}],"post_processor":null,)"
      R"("model":{"type":"BPE","unk_token":"?","vocab":{"?":0,"<s>":1,"</s>":2,"a":3},"merges":[]}})";
  const auto tokenizer =
      test::load({{"tokenizer.json", json},
                  {"special_tokens_map.json", R"({"bos_token":{"content":"<s>"},"eos_token":"</s>"})"},
                  {"tokenizer_config.json",
                   R"({"tokenizer_class":"LlamaTokenizerFast","add_bos_token":true,"add_eos_token":true})"}});
  EXPECT_THAT(ids(tokenizer->encode("a")), ElementsAre(1, 3, 2));
  EXPECT_THAT(ids(tokenizer->encode("a", "a")), ElementsAre(1, 3, 2, 1, 3, 2));
  EXPECT_THAT(ids(tokenizer->encode("a", std::nullopt, false)), ElementsAre(3));
}

TEST(TokenizerJson, ReportsWhatTruncationCutOff) {
  const auto tokenizer =
      test::load("tokenizer.json",
                 R"({"added_tokens":[],"truncation":{"max_length":2,"strategy":"LongestFirst","stride":0},)"
                 R"("padding":{"strategy":"BatchLongest"},"pre_tokenizer":{"type":"Whitespace"},)"
                 R"("model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1}}})");
  const Encoding encoding = tokenizer->encode("a a a a a");
  EXPECT_EQ(encoding.tokens.size(), 2U);
  EXPECT_EQ(encoding.truncated, 3);
}

// -----------------------------------------------------------------------------------------------
// SentencePiece

std::string model_of(const std::string& pieces, std::uint64_t type, const std::string& normalizer = "",
                     const std::string& trainer = "") {
  return test::piece("<unk>", 0, 2) + test::piece("<s>", 0, 3) + test::piece("</s>", 0, 3) + pieces +
         test::field(2, test::field(3, type) + trainer) + test::field(3, normalizer);
}

TEST(SentencePiece, Unigram_FindsTheBestCut_AndSqueezesSpaces) {
  const auto tokenizer = test::load(
      "tokenizer.model",
      model_of(test::piece("▁", -3) + test::piece("▁a", -2) + test::piece("b", -2) + test::piece("ab", -1.5F),
               1));
  const Encoding encoding = tokenizer->encode("  ab  ab ");
  EXPECT_THAT(ids(encoding), ElementsAre(4, 5, 4, 5));
  EXPECT_EQ(encoding.tokens[0].reference, (Span{2, 3}));
  EXPECT_EQ(encoding.tokens[2].reference, (Span{4, 7}));
  EXPECT_EQ(tokenizer->decode(ids(encoding)), "ab ab");
  EXPECT_EQ(tokenizer->describe(), "tokenizer.model (SentencePiece Unigram)");
}

TEST(SentencePiece, JoinsUnknownCharacters) {
  const auto tokenizer =
      test::load("tokenizer.model", model_of(test::piece("▁", -3) + test::piece("a", -2), 1));
  const Encoding encoding = tokenizer->encode("xyzа");
  EXPECT_THAT(ids(encoding), ElementsAre(3, 0));
  EXPECT_EQ(encoding.tokens[1].reference, (Span{0, 5}));
  EXPECT_TRUE(encoding.tokens[1].special);
}

TEST(SentencePiece, Bpe_MergesByScore_AndFallsBackToBytes) {
  std::string pieces = test::piece("▁", -9) + test::piece("a", -9) + test::piece("b", -9) +
                       test::piece("ab", -1) + test::piece("▁ab", -2) + test::piece("ba", -0.5F);
  for (int byte = 0; byte < 256; ++byte) {
    const char* const hex = "0123456789ABCDEF";
    pieces += test::piece(std::string("<0x") + hex[byte / 16] + hex[byte % 16] + ">", 0, 6);
  }
  const auto tokenizer =
      test::load("tokenizer.model", model_of(pieces, 2, "", test::field(35, std::uint64_t{1})));
  EXPECT_THAT(ids(tokenizer->encode("ab")), ElementsAre(7));
  EXPECT_THAT(ids(tokenizer->encode("aba")), ElementsAre(3, 4, 8));
  const Encoding encoding = tokenizer->encode("a\u00E9");
  EXPECT_THAT(ids(encoding), ElementsAre(3, 4, 9 + 0xC3, 9 + 0xA9));
  EXPECT_EQ(encoding.tokens[2].reference, (Span{1, 1}));
  EXPECT_EQ(encoding.tokens[3].reference, (Span{1, 3}));
  EXPECT_EQ(*encoding.tokens[2].span, *encoding.tokens[3].span);
  EXPECT_EQ(tokenizer->decode(ids(encoding)), "a\u00E9");
}

TEST(SentencePiece, KeepsUserDefinedPieces_AndNeverUsesUnusedOnes) {
  const std::string pieces = test::piece("▁", -9) + test::piece("a", -9) + test::piece("b", -9) +
                             test::piece("aa", -1, 5) + test::piece("aab", -2) + test::piece("<x>", 0, 4);
  for (const std::uint64_t type : {1U, 2U}) {
    const auto tokenizer = test::load("tokenizer.model", model_of(pieces, type));
    EXPECT_THAT(ids(tokenizer->encode("aa<x>b")), ElementsAre(3, 4, 4, 8, 5));
    EXPECT_THAT(ids(tokenizer->encode("aab")), ElementsAre(3, 7));
  }
}

TEST(SentencePiece, TakesBosAndEosFromTheConfiguration) {
  const std::string model = model_of(test::piece("▁", -3) + test::piece("a", -2), 1);
  EXPECT_THAT(ids(test::load({{"tokenizer.model", model},
                              {"tokenizer_config.json", R"({"tokenizer_class":"LlamaTokenizer"})"}})
                      ->encode("a")),
              ElementsAre(1, 3, 4));
  EXPECT_THAT(
      ids(test::load({{"tokenizer.model", model}, {"tokenizer_config.json", R"({"add_eos_token":true})"}})
              ->encode("a")),
      ElementsAre(3, 4, 2));
  EXPECT_THAT(test::load_error({{"tokenizer.model", model},
                                {"tokenizer_config.json", R"({"tokenizer_class":"XLMRobertaTokenizer"})"}}),
              HasSubstr("XLMRobertaTokenizer"));
}

TEST(SentencePiece, WithoutDummyPrefix_OrSqueezing_KeepsTheSpaces) {
  const auto tokenizer = test::load(
      "tokenizer.model", model_of(test::piece("▁", -3) + test::piece("a", -2), 1,
                                  test::field(3, std::uint64_t{0}) + test::field(4, std::uint64_t{0})));
  EXPECT_THAT(ids(tokenizer->encode(" a  ")), ElementsAre(3, 4, 3, 3));
}

}  // namespace
}  // namespace attnviz::tokenizer
