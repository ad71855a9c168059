// tokenizer_config.json and special_tokens_map.json: what is read of them and what it changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.h"
#include "tokenizer/files.h"

namespace attnviz::tokenizer {
namespace {

using test::ids;
using testing::ElementsAre;
using testing::HasSubstr;

TokenizerConfig read(const std::string& config, const std::string& map = "") {
  const CompanionFile config_file{"tokenizer_config.json", "in/tokenizer_config.json", config};
  const CompanionFile map_file{"special_tokens_map.json", "in/special_tokens_map.json", map};
  return read_tokenizer_config(config.empty() ? nullptr : &config_file, map.empty() ? nullptr : &map_file);
}

std::string error_of(const std::string& config, const std::string& map = "") {
  try {
    read(config, map);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return {};
}

TEST(Configuration, ThatIsNotThereSetsNothing) {
  const TokenizerConfig config = read("", "");
  EXPECT_EQ(config.tokenizer_class, "");
  EXPECT_FALSE(config.lower_case || config.add_bos || config.bos || config.mask);
  EXPECT_TRUE(config.added_tokens.empty());
}

TEST(Configuration, IsReadFieldByField) {
  const TokenizerConfig config = read(
      R"({"tokenizer_class":"BertTokenizerFast","do_lower_case":false,"strip_accents":true,"tokenize_chinese_chars":false,)"
      R"("add_prefix_space":true,"add_bos_token":false,"add_eos_token":true,"bos_token":"<b>","eos_token":{"content":"<e>"},)"
      R"("unk_token":"<u>","sep_token":"<s>","pad_token":null,"cls_token":"<c>","mask_token":"<m>","model_max_length":512})");
  EXPECT_EQ(config.tokenizer_class, "BertTokenizer");
  EXPECT_EQ(config.lower_case, false);
  EXPECT_EQ(config.strip_accents, true);
  EXPECT_EQ(config.set_ideographs_apart, false);
  EXPECT_EQ(config.add_prefix_space, true);
  EXPECT_EQ(config.add_bos, false);
  EXPECT_EQ(config.add_eos, true);
  EXPECT_EQ(config.bos, "<b>");
  EXPECT_EQ(config.eos, "<e>");
  EXPECT_EQ(config.unknown, "<u>");
  EXPECT_EQ(config.separator, "<s>");
  EXPECT_EQ(config.padding, std::nullopt);
  EXPECT_EQ(config.first, "<c>");
  EXPECT_EQ(config.mask, "<m>");
}

TEST(Configuration, ComesBeforeTheSpecialTokensMap) {
  const TokenizerConfig config =
      read(R"({"bos_token":"<config>"})",
           R"({"bos_token":"<map>","eos_token":{"content":"</map>","lstrip":false}})");
  EXPECT_EQ(config.bos, "<config>");
  EXPECT_EQ(config.eos, "</map>");
}

TEST(Configuration, AddsTokensInTheOrderOfTheirIds) {
  const TokenizerConfig config = read(
      R"({"added_tokens_decoder":{"10":{"content":"b","lstrip":true},"9":{"content":"a","special":true,"rstrip":true},)"
      R"("11":{"content":"c","single_word":true,"normalized":false}}})");
  ASSERT_EQ(config.added_tokens.size(), 3U);
  EXPECT_EQ(config.added_tokens[0].content, "a");
  EXPECT_TRUE(config.added_tokens[0].special && config.added_tokens[0].rstrip);
  EXPECT_FALSE(config.added_tokens[0].normalized) << "special tokens are looked for as written";
  EXPECT_TRUE(config.added_tokens[1].lstrip && config.added_tokens[1].normalized);
  EXPECT_TRUE(config.added_tokens[2].single_word);
  EXPECT_FALSE(config.added_tokens[2].normalized);
}

TEST(Configuration, ThatIsMalformedIsNamed) {
  EXPECT_THAT(error_of("[]"),
              HasSubstr("in/tokenizer_config.json: tokenizer configuration: an object was expected"));
  EXPECT_THAT(error_of(R"({"do_lower_case":"no"})"),
              HasSubstr("\"do_lower_case\" should be true or false, found a string"));
  EXPECT_THAT(error_of(R"({"bos_token":7})"),
              HasSubstr("tokenizer configuration bos_token: an object was expected"));
  EXPECT_THAT(error_of(R"({"bos_token":{}})"), HasSubstr("bos_token: \"content\" is missing"));
  EXPECT_THAT(error_of("", R"({"eos_token":[]})"),
              HasSubstr("in/special_tokens_map.json: special tokens eos_token"));
  EXPECT_THAT(error_of(R"({"added_tokens_decoder":[]})"), HasSubstr("should be an object, found an array"));
  for (const char* const key : {"", "x", "-1", "1.5", "12345678901234567890"}) {
    EXPECT_THAT(error_of(std::string(R"({"added_tokens_decoder":{")") + key + R"(":{"content":"a"}}})"),
                HasSubstr("the key should be an id"))
        << key;
  }
  EXPECT_THAT(error_of(R"({"added_tokens_decoder":{"1":{}}})"),
              HasSubstr("added_tokens_decoder 1: \"content\" is missing"));
}

std::string with(const std::string& parts) {
  return "{" + parts +
         R"("model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1,"A":2,"\u00E9":3,"<s>":4,"</s>":5}}})";
}

const std::string kLower =
    R"("normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},)";

TEST(Configuration, ChangesTheBertNormalizer) {
  EXPECT_THAT(ids(test::load("tokenizer.json", with(kLower))->encode("A")), ElementsAre(1));
  EXPECT_THAT(ids(test::load({{"tokenizer.json", with(kLower)},
                              {"tokenizer_config.json", R"({"do_lower_case":false})"}})
                      ->encode("A")),
              ElementsAre(2));
  EXPECT_THAT(ids(test::load({{"tokenizer.json", with(kLower)},
                              {"tokenizer_config.json", R"({"strip_accents":false})"}})
                      ->encode("\u00C9")),
              ElementsAre(3));
}

TEST(Configuration, ChangesTheFirstSpaceOfByteLevelFiles) {
  const std::string json = R"({"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},)"
                           R"("model":{"type":"BPE","vocab":{"Ġ":0,"a":1},"merges":[]}})";
  EXPECT_THAT(ids(test::load("tokenizer.json", json)->encode("a")), ElementsAre(1));
  EXPECT_THAT(
      ids(test::load({{"tokenizer.json", json}, {"tokenizer_config.json", R"({"add_prefix_space":true})"}})
              ->encode("a")),
      ElementsAre(0, 1));
}

TEST(Configuration, OfLlamasFamilySetsTheTemplate) {
  const auto encoded = [](const std::string& config) {
    return ids(test::load({{"tokenizer.json", with("")}, {"tokenizer_config.json", config}})->encode("a"));
  };
  EXPECT_THAT(encoded(R"({"tokenizer_class":"LlamaTokenizer","add_bos_token":true})"), ElementsAre(4, 1));
  EXPECT_THAT(encoded(R"({"tokenizer_class":"GemmaTokenizerFast","add_eos_token":true})"),
              ElementsAre(4, 1, 5));
  EXPECT_THAT(encoded(R"({"tokenizer_class":"LlamaTokenizer","add_bos_token":false})"), ElementsAre(1));
  EXPECT_THAT(encoded(R"({"tokenizer_class":"LlamaTokenizer"})"), ElementsAre(1)) << "nothing is said";
  EXPECT_THAT(encoded(R"({"tokenizer_class":"GPT2Tokenizer","add_bos_token":true})"), ElementsAre(1))
      << "its file says it";
}

TEST(TokenizerFiles, AreTakenInOrder) {
  const std::string json = with("");
  const std::string model = test::piece("<unk>", 0, 2) + test::piece("▁", -1);
  const std::string txt = "[UNK]\na\n";
  const auto described = [](std::vector<std::pair<std::string, std::string>> files) {
    return test::load(files)->describe();
  };
  EXPECT_EQ(described({{"vocab.txt", txt}, {"tokenizer.model", model}, {"tokenizer.json", json}}),
            "tokenizer.json (WordLevel)");
  EXPECT_EQ(described({{"vocab.txt", txt}, {"tokenizer.model", model}}),
            "tokenizer.model (SentencePiece Unigram)");
  EXPECT_EQ(described({{"merges.txt", ""}, {"vocab.txt", txt}}), "vocab.txt (WordPiece)");
  EXPECT_EQ(test::load(std::vector<std::pair<std::string, std::string>>{}), nullptr);
  for (const std::string_view name : tokenizer_file_names()) {
    if (name == "merges.txt") continue;
    EXPECT_THAT(test::load_error({{"vocab.json", "{}"}, {"merges.txt", ""}, {std::string(name), ""}}),
                testing::Not(""))
        << name;
  }
}

TEST(TokenizerJson, OldFilesDoNotNameTheirModel) {
  const auto described = [](const std::string& model) {
    return test::load("tokenizer.json", R"({"model":)" + model + "}")->describe();
  };
  EXPECT_EQ(described(R"({"vocab":[["a",-1]]})"), "tokenizer.json (Unigram)");
  EXPECT_EQ(described(R"({"vocab":{"a":0},"merges":[]})"), "tokenizer.json (BPE)");
  EXPECT_EQ(described(R"({"vocab":{"a":0},"max_input_chars_per_word":9})"), "tokenizer.json (WordPiece)");
  EXPECT_EQ(described(R"({"vocab":{"a":0}})"), "tokenizer.json (WordLevel)");
}

TEST(TokenizerJson, RefusesATruncationThatItDoesNotKnow) {
  const auto truncated = [](const std::string& more) {
    return test::load_error({{"tokenizer.json", with(R"("truncation":{"max_length":3)" + more + "},")}});
  };
  EXPECT_EQ(truncated(""), "");
  EXPECT_EQ(truncated(R"(,"strategy":"OnlyFirst","direction":"Left")"), "");
  EXPECT_THAT(truncated(R"(,"strategy":"Some")"),
              HasSubstr("truncation: strategy \"Some\" is not supported"));
  EXPECT_THAT(truncated(R"(,"direction":"Up")"), HasSubstr("truncation: direction \"Up\" is not supported"));
  EXPECT_THAT(test::load_error({{"tokenizer.json", with(R"("added_tokens":{},)")}}),
              HasSubstr("added_tokens should be an array"));
}

}  // namespace
}  // namespace attnviz::tokenizer
