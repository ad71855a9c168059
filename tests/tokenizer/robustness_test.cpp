// Whatever the files hold: an error that names file and component, never a crash and never minutes of work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support.h"

namespace attnviz::tokenizer {
namespace {

using test::load_error;
using testing::HasSubstr;

std::string with_model(const std::string& model, const std::string& rest = "") {
  return R"({"added_tokens":[],)" + rest + R"("model":)" + model + "}";
}
std::string with(const std::string& rest) {
  return with_model(R"({"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1}})", rest + ",");
}
std::string json_error(const std::string& bytes) { return load_error({{"tokenizer.json", bytes}}); }

class Seconds {
 public:
  ~Seconds() {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin_;
    EXPECT_LT(passed.count(), 20) << "too slow";
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

TEST(BadFiles, UnknownComponents_AreNamed) {
  EXPECT_THAT(
      json_error(with(R"("normalizer":{"type":"Frobnicate"})")),
      testing::AllOf(HasSubstr("in/tokenizer.json"), HasSubstr("Frobnicate"), HasSubstr("not supported")));
  EXPECT_THAT(json_error(with(R"("pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Cut"}]})")),
              HasSubstr("Cut"));
  EXPECT_THAT(json_error(with(R"("post_processor":{"type":"Wrap"})")), HasSubstr("Wrap"));
  EXPECT_THAT(json_error(with(R"("decoder":{"type":"Read"})")), HasSubstr("Read"));
  EXPECT_THAT(json_error(with_model(R"({"type":"Think","vocab":{}})")), HasSubstr("Think"));
}

TEST(BadFiles, WrongTypes_AndMissingMembers_AreNamed) {
  EXPECT_THAT(json_error("{}"), HasSubstr("\"model\" is missing"));
  EXPECT_THAT(json_error("[]"), HasSubstr("an object was expected"));
  EXPECT_THAT(json_error(R"({"model":7})"), HasSubstr("\"model\" should be an object, found an integer"));
  EXPECT_THAT(json_error(with(R"("normalizer":{"type":"Prepend"})")),
              HasSubstr("Prepend: \"prepend\" is missing"));
  EXPECT_THAT(json_error(with(R"("normalizer":{"type":7})")), HasSubstr("should be a string"));
  EXPECT_THAT(json_error(with_model(R"({"type":"BPE","vocab":{"a":-1},"merges":[]})")),
              HasSubstr("id of piece \"a\""));
  EXPECT_THAT(json_error(with_model(R"({"type":"BPE","vocab":{"a":4294967295},"merges":[]})")),
              HasSubstr("id of piece"));
  EXPECT_THAT(json_error(with_model(R"({"type":"BPE","vocab":{"a":1},"merges":["a b c"]})")),
              HasSubstr("merge 1"));
  EXPECT_THAT(json_error(with_model(R"({"type":"BPE","vocab":{"a":1},"merges":["a b"]})")),
              HasSubstr("\"b\""));
  EXPECT_THAT(json_error(with_model(R"({"type":"Unigram","vocab":[],"unk_id":0})")), HasSubstr("empty"));
  EXPECT_THAT(json_error(with_model(R"({"type":"Unigram","vocab":[["a",0]],"unk_id":4})")),
              HasSubstr("unk_id is 4"));
  EXPECT_THAT(
      json_error(
          with(R"("post_processor":{"type":"TemplateProcessing","single":["[X]","$A"],"pair":["$A","$B"]})")),
      HasSubstr("[X]"));
  EXPECT_THAT(json_error(with(R"("pre_tokenizer":{"type":"FixedLength","length":0})")),
              HasSubstr("greater than 0"));
  EXPECT_THAT(json_error(with(R"("truncation":{"max_length":-4,"strategy":"LongestFirst","stride":0})")),
              HasSubstr("-4"));
}

TEST(BadFiles, WhatIsNoJson_IsAnErrorWithItsPlace) {
  EXPECT_THAT(json_error(""), HasSubstr("is empty"));
  EXPECT_THAT(json_error("{\"a\":"), HasSubstr("byte"));
  EXPECT_THAT(json_error("{\"a\xFF\":1}"), HasSubstr("is not JSON"));
  EXPECT_THAT(json_error(std::string(1'000'000, '[') + std::string(1'000'000, ']')),
              HasSubstr("nested deeper than 64"));
  std::string nested = R"("normalizer":)";
  for (int i = 0; i < 40; ++i) nested += R"({"type":"Sequence","normalizers":[)";
  nested += "null";
  for (int i = 0; i < 40; ++i) nested += "]}";
  EXPECT_THAT(json_error("{" + nested + "}"), HasSubstr("nested deeper"));
}

TEST(BadFiles, RegularExpressions_ThatDoNotCompileOrExplode_AreErrors) {
  const auto split = [](const std::string& regex) {
    return with(
        R"("pre_tokenizer":{"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":")" +
        regex + "\"}}");
  };
  EXPECT_THAT(json_error(split("(a")), HasSubstr("cannot be compiled"));
  EXPECT_THAT(json_error(split(std::string(100'000, 'a'))), HasSubstr("100000 bytes"));
  const Seconds limit;
  const auto tokenizer = test::load("tokenizer.json", split("^(a|a)*$"));
  EXPECT_THROW(tokenizer->encode(std::string(5'000, 'a') + "!"), Error);
}

TEST(BadFiles, DamagedModels_AreErrors) {
  EXPECT_THAT(load_error({{"tokenizer.model", "\xFF\xFF\xFF"}}),
              HasSubstr("in/tokenizer.model is no SentencePiece model"));
  EXPECT_THAT(load_error({{"tokenizer.model", ""}}), HasSubstr("in/tokenizer.model is empty"));
  EXPECT_THAT(load_error({{"tokenizer.model",
                           test::piece("<unk>", 0, 2) + test::field(2, test::field(3, std::uint64_t{3}))}}),
              HasSubstr("WORD"));
  EXPECT_THAT(load_error({{"tokenizer.model", test::piece("<unk>", 0, 2) + test::piece("a", 0, 9)}}),
              HasSubstr("piece type 9"));
  EXPECT_THAT(
      load_error({{"tokenizer.model", test::piece("<unk>", 0, 2) +
                                          test::field(3, test::field(2, std::string("\x08\0\0\0", 4)))}}),
      HasSubstr("character map"));
}

TEST(BadFiles, HalvesOfAPair_AndForeignVocabularies_AreErrors) {
  EXPECT_THAT(load_error({{"vocab.json", "{}"}}), HasSubstr("needs merges.txt"));
  EXPECT_THAT(load_error({{"merges.txt", ""}}), HasSubstr("needs vocab.json"));
  EXPECT_THAT(load_error({{"vocab.json", R"({"a":0})"}, {"merges.txt", ""}}), HasSubstr("byte-level"));
  EXPECT_THAT(load_error({{"vocab.json", R"({"Ġ":0})"}, {"merges.txt", "#version: 0.2\na b c\n"}}),
              HasSubstr("line 2"));
  EXPECT_THAT(load_error({{"vocab.txt", "a\nb\n"}}), HasSubstr("[UNK]"));
  EXPECT_THAT(load_error({{"vocab.txt", "[UNK]\n\xFF\n"}}), HasSubstr("not UTF-8"));
  EXPECT_EQ(test::load({{"config.json", "{}"}}), nullptr);
}

TEST(BadText, IsAnErrorWithTheOffset) {
  const auto tokenizer = test::load("tokenizer.json", with(R"("normalizer":null)"));
  try {
    tokenizer->encode("abc\xC3(");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), HasSubstr("byte 3 of 5"));
  }
  EXPECT_THROW(tokenizer->encode("a", "\xED\xA0\x80"), Error);
}

TEST(LongText, WithoutWords_TakesSecondsAtMost) {
  const Seconds limit;
  const auto bpe = test::load(
      "tokenizer.json",
      with_model(
          R"({"type":"BPE","unk_token":"?","vocab":{"?":0,"a":1,"aa":2,"aaaa":3,"b":4},"merges":["a a","aa aa"]})"));
  EXPECT_EQ(bpe->encode(std::string(1'000'000, 'a')).tokens.size(), 250'000U);
  EXPECT_EQ(bpe->encode(std::string(300'000, 'z')).tokens.size(), 300'000U);
  const auto wordpiece = test::load(
      "tokenizer.json",
      with_model(
          R"({"type":"WordPiece","unk_token":"?","max_input_chars_per_word":2000000000,"vocab":{"?":0,"a":1,"##aa":2}})"));
  EXPECT_EQ(wordpiece->encode(std::string(1'000'001, 'a')).tokens.size(), 500'001U);
}

TEST(LongText, OfOverlappingWhiteSpaceTokens_TakesSecondsAtMost) {
  const Seconds limit;
  const auto tokenizer = test::load(
      "tokenizer.json",
      R"({"added_tokens":[{"id":2,"content":" ","rstrip":true,"normalized":false}],"normalizer":{"type":"NFC"},
                            "model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0}}})");
  EXPECT_EQ(tokenizer->encode(std::string(200'000, ' ')).tokens.size(), 200'000U);
}

TEST(LongText, OfUnknownBytes_TakesSecondsAtMost) {
  const Seconds limit;
  std::string vocab = R"(["?",0],["a",-1])";
  for (int byte = 0; byte < 256; ++byte) {
    const char* const hex = "0123456789ABCDEF";
    vocab += std::string(",[\"<0x") + hex[byte / 16] + hex[byte % 16] + ">\",-2]";
  }
  const auto tokenizer =
      test::load("tokenizer.json",
                 with_model(R"({"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[)" + vocab + "]}"));
  EXPECT_EQ(tokenizer->encode(std::string(200'000, 'z')).tokens.size(), 200'000U);
}

TEST(Threads, MayShareATokenizer) {
  const auto tokenizer = test::load({{"vocab.txt", "[UNK]\n[CLS]\n[SEP]\nab\n##c\n"}});
  const auto expected = test::ids(tokenizer->encode("ab abc x ab"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 200; ++k) EXPECT_EQ(test::ids(tokenizer->encode("ab abc x ab")), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace attnviz::tokenizer
