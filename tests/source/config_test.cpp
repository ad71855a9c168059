// What attnviz.json, config.json and tokenizer_config.json say, and which of them is believed.
#include "source/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/support.h"

namespace attnviz::source {

namespace {

using testing::HasSubstr;
using zoo::sentence_of;

ModelDescription described(const std::string& own, const std::string& config = "{}",
                           const std::string& tokenizer = "{}") {
  const std::vector<CompanionFile> files = {{"attnviz.json", "attnviz.json", own},
                                            {"config.json", "config.json", config},
                                            {"tokenizer_config.json", "tokenizer_config.json", tokenizer}};
  return describe_model(files);
}

}  // namespace

TEST(Config, TakesWhatTheOwnFileSaysBeforeWhatOthersSay) {
  const auto description =
      described(R"({"schema": "attnviz.model/1", "task": "seq2seq", "eos": [2, 3], "pad": 0,
                                         "decoder_start": 7, "max_length": 64, "logits": 1, "tokenizer": "a.json",
                                         "inputs": {"x": "ids", "flag": true}})",
                R"({"eos_token_id": 9, "bos_token_id": 1, "max_position_embeddings": 512})");
  EXPECT_EQ(description.config.task, Task::kSeq2Seq);
  EXPECT_EQ(description.config.eos, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(description.config.bos, 1);
  EXPECT_EQ(description.config.decoder_start, 7);
  EXPECT_EQ(description.config.max_length, 64);
  EXPECT_EQ(description.logits, "1");
  EXPECT_EQ(description.roles.at("flag"), (Role{Role::Kind::kLiteral, "true", true}));
  EXPECT_EQ(description.roles.at("x"), (Role{.kind = Role::Kind::kIds}));
}

TEST(Config, TakesTheSmallestLimitOfForeignFilesAndSkipsWhatMeansNone) {
  const auto description = described("{}", R"({"max_position_embeddings": 514, "eos_token_id": null})",
                                     R"({"model_max_length": 512, "eos_token": "</s>"})");
  EXPECT_EQ(description.config.max_length, 512);
  EXPECT_TRUE(description.config.eos.empty());
  EXPECT_EQ(described("{}", "{}", R"({"model_max_length": 1e30})").config.max_length, std::nullopt);
}

TEST(Config, NamesTheWrongKeyOrType) {
  const auto sentence = [](const std::string& own) { return sentence_of([&] { described(own); }); };
  EXPECT_THAT(sentence(R"({"eso": 3})"),
              HasSubstr("attnviz.json: there is no key \"eso\"; the keys are schema, task"));
  EXPECT_THAT(sentence(R"({"eos": "x"})"), HasSubstr("\"eos\" must be a token id or a list of token ids"));
  EXPECT_THAT(sentence(R"({"task": "chat"})"),
              HasSubstr(R"("task" must be "encoder", "causal-lm" or "seq2seq")"));
  EXPECT_THAT(sentence(R"({"inputs": {"x": "words"}})"), HasSubstr("\"inputs.x\" must be ids, mask"));
  EXPECT_THAT(sentence(R"({"max_length": 0})"), HasSubstr("\"max_length\" must be a number of at least 1"));
  EXPECT_THAT(sentence(R"({"schema": "attnviz.model/2"})"),
              HasSubstr("\"schema\" must be \"attnviz.model/1\""));
  EXPECT_THAT(sentence("[]"), HasSubstr("attnviz.json must hold a JSON object"));
  EXPECT_THAT(sentence("{"), HasSubstr("attnviz.json is not JSON"));
}

TEST(Config, DoesNotTakeTheTaskFromFilesOfTheWholeModel) {
  EXPECT_EQ(described("{}", R"({"is_encoder_decoder": true})").config.task, std::nullopt);
  EXPECT_EQ(described(R"({"task": "encoder"})", R"({"is_encoder_decoder": true})").config.task,
            Task::kEncoder);
}

TEST(Roles, OfLiteralsHaveTheirValuesAndTheirText) {
  const auto role = [](const std::string& literal) {
    return described(R"({"inputs": {"x": )" + literal + "}}").roles.at("x");
  };
  EXPECT_EQ(role("null").literal, Literal());
  EXPECT_EQ(role("false").literal, Literal(false));
  EXPECT_EQ(role("-7").literal, Literal(std::int64_t{-7}));
  EXPECT_EQ(role("0.5").literal, Literal(0.5));
  EXPECT_EQ(role("1e30").literal, Literal(1e30));
  EXPECT_EQ(role("18446744073709551615").literal, Literal(18446744073709551615.0)) << "no integer of torch's";
  EXPECT_EQ(role("[[1, 2, true], [3, 4, false]]").literal,
            Literal(NumberList{{2, 3}, {1, 2, 1, 3, 4, 0}, true}));
  EXPECT_EQ(role("[1, 2.5]").literal, Literal(NumberList{{2}, {1, 2.5}, false}));
  EXPECT_EQ(role("[[[]]]").literal, Literal(NumberList{{1, 1, 0}, {}, true}));
  EXPECT_EQ(role("[ 1,2.5 ]").written, "[1,2.5]");
}

TEST(Roles, OfListsThatAreNoTensorAreRefused) {
  for (const std::string literal : {"{}", "{\"a\": 1}", "[1, null]", "[\"a\"]", "[[1, 2], [3]]",
                                    "[[1, 2], [3, 4, 5], [6]]", "[1, [2]]", "[[1], 2]", "[[], [1]]"}) {
    EXPECT_THAT(sentence_of([&] { described(R"({"inputs": {"x": )" + literal + "}}"); }),
                HasSubstr("attnviz.json: \"inputs.x\" must be ids, mask, types, positions, target_ids, "
                          "target_mask, none, or a literal (null, true, false, a number or even lists of "
                          "numbers), not "))
        << literal;
  }
}

TEST(Roles, OfAConfigAreReadAndPrintedByTheSameNames) {
  for (const char* name : {"ids", "mask", "types", "positions", "target_ids", "target_mask", "none"}) {
    const auto description = described(std::string(R"({"inputs": {"x": ")") + name + "\"}}");
    EXPECT_NE(description.roles.at("x").kind, Role::Kind::kLiteral);
    EXPECT_EQ(to_string(description.roles.at("x")), name);
  }
  EXPECT_EQ(to_string(described(R"({"inputs": {"x": [[1.5, 2]]}})").roles.at("x")), "[[1.5,2]]");
  EXPECT_THAT(sentence_of([] { described(R"({"inputs": {"x": "memory"}})"); }), HasSubstr("not \"memory\""));
}

}  // namespace attnviz::source
