// attnviz.json, config.json and tokenizer_config.json as damaged or hostile files: a sentence each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "source/config.h"
#include "source/support.h"

namespace attnviz::source {

namespace {

using testing::HasSubstr;
using zoo::sentence_of;

std::string described(const std::string& name, const std::string& bytes) {
  const std::vector<CompanionFile> files = {{name, name, bytes}};
  return sentence_of([&] { describe_model(files); });
}

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

}  // namespace

class BadConfig : public testing::TestWithParam<const char*> {
 protected:
  static std::string sentence(const std::string& bytes) {
    const std::string said = described(GetParam(), bytes);
    EXPECT_EQ(said.find('\n'), std::string::npos);
    EXPECT_LT(said.size(), 400U);
    if (!said.empty()) {
      EXPECT_THAT(said, HasSubstr(GetParam()));
    }
    return said;
  }
};

TEST_P(BadConfig, ThatIsNoJsonIsCalledSo) {
  EXPECT_THAT(sentence(""), HasSubstr("is not JSON (line 1)"));
  EXPECT_THAT(sentence("{\"eos\": 3,\n\n"), HasSubstr("is not JSON (line 3)"));
  EXPECT_THAT(sentence("{\"eos\": NaN}"), HasSubstr("is not JSON"));
  EXPECT_THAT(sentence("{\"eos\": 1e999}"), HasSubstr("is not JSON"));
  EXPECT_THAT(sentence("{} {}"), HasSubstr("is not JSON"));
  EXPECT_THAT(sentence("{\"eos\": 3 // end\n}"), HasSubstr("is not JSON"));
  for (const char* other : {"[]", "3", "null", "\"text\"", "[{\"eos\": 3}]"}) {
    EXPECT_THAT(sentence(other), HasSubstr("must hold a JSON object"));
  }
}

TEST_P(BadConfig, InAnotherEncodingIsCalledSo) {
  EXPECT_THAT(sentence(std::string("\xFF\xFE{\0}\0", 6)), HasSubstr("is UTF-16; save it as UTF-8"));
  EXPECT_THAT(sentence(std::string("\xFE\xFF\0{\0}", 6)), HasSubstr("is UTF-16"));
  EXPECT_THAT(sentence("{\"tokenizer\": \"caf\xE9\"}"), HasSubstr("is not UTF-8 (byte 18)"));
  EXPECT_EQ(sentence("\xEF\xBB\xBF{}"), "");
}

TEST_P(BadConfig, ThatIsTooDeepOrTooLongIsNotRead) {
  const std::string deep = repeated("[", 100000);
  EXPECT_THAT(sentence(deep), HasSubstr("nested deeper than 64 levels"));
  EXPECT_THAT(sentence("{\"inputs\": {\"x\": " + deep), HasSubstr("nested deeper than 64 levels"));
  EXPECT_THAT(sentence(repeated("{\"a\":", 100000)), HasSubstr("nested deeper than 64 levels"));
  EXPECT_THAT(sentence("{\"a\": \"" + std::string(50000000, 'x') + "\"}"),
              HasSubstr("has 50000009 bytes, a description of a model at most 16777216"));
}

INSTANTIATE_TEST_SUITE_P(Files, BadConfig,
                         testing::Values("attnviz.json", "config.json", "tokenizer_config.json"),
                         [](const auto& one) {
                           std::string name = one.param;
                           return name.substr(0, name.find('.'));
                         });

TEST(BadOwnConfig, GivesEachKeyOnce) {
  EXPECT_EQ(described("attnviz.json", R"({"eos": 3, "pad": 0, "eos": 4})"),
            "attnviz.json has the key \"eos\" twice");
  EXPECT_EQ(described("config.json", R"({"eos_token_id": 3, "eos_token_id": 4})"), "");
}

TEST(BadOwnConfig, WithNumbersThatAreNoIdsIsRefused) {
  for (const char* number : {"-1", "1.5", "9223372036854775808", "18446744073709551615",
                             "99999999999999999999999", "1e3", "true", "null", "\"7\"", "[]", "{}"}) {
    EXPECT_THAT(described("attnviz.json", std::string("{\"bos\": ") + number + "}"),
                HasSubstr("\"bos\" must be a number of at least 0"))
        << number;
  }
  EXPECT_THAT(described("attnviz.json", "{\"eos\": [1, [2]]}"), HasSubstr("\"eos\" must be a token id or"));
}

TEST(BadOwnConfig, ShowsForeignTextCutAndWithoutControlCharacters) {
  const std::string sentence = described("attnviz.json", "{\"" + std::string(5000, 'k') + "\": 1}");
  EXPECT_THAT(sentence, HasSubstr("there is no key \"" + std::string(60, 'k') + "…\""));
  EXPECT_THAT(described("attnviz.json", R"({"a\u001b[2J\n": 1})"), HasSubstr("there is no key \"a?[2J?\""));
}

TEST(BadForeignConfig, IsReadAsFarAsItMakesSense) {
  for (const char* odd :
       {R"({"eos_token_id": "two"})", R"({"eos_token_id": [null, -3, {}]})",
        R"({"max_position_embeddings": "long"})", R"({"n_positions": -5})",
        R"({"max_position_embeddings": 99999999999999999999999})", R"({"bos_token_id": 1.5})",
        R"({"is_encoder_decoder": "yes"})", R"({"model_max_length": 0.2})"}) {
    const std::vector<CompanionFile> files = {{"config.json", "config.json", odd}};
    const ModelDescription description = describe_model(files);
    EXPECT_TRUE(description.config.eos.empty()) << odd;
    EXPECT_EQ(description.config.max_length, std::nullopt) << odd;
    EXPECT_EQ(description.config.bos, std::nullopt) << odd;
    EXPECT_EQ(description.config.task, std::nullopt) << odd;
  }
}

TEST(BadOwnConfig, GivenByPathMustBeAFileThatCanBeRead) {
  const zoo::TemporaryFolder folder;
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0600), 0);
  for (const std::string& path :
       {folder.path("none.json"), folder.path(), folder.path("pipe"), std::string("/dev/zero")}) {
    const auto source = ModelSource::open(zoo::data_path("gpt-traced-1.13.pt"));
    EXPECT_THAT(sentence_of([&] { source->describe(path); }),
                HasSubstr("'" + path + (path.ends_with(".json") ? "' cannot be read" : "' is no file")));
  }
}

}  // namespace attnviz::source
