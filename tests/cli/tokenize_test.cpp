#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"

namespace attnviz {
namespace {

using nlohmann::json;
using testing::Outcome;
using testing::run_attnviz;

/// WordPiece with a template, so that there are special tokens and pairs.
constexpr const char* kTokenizer = R"({
  "added_tokens": [{"id": 1, "content": "[CLS]", "special": true}, {"id": 2, "content": "[SEP]", "special": true}],
  "normalizer": {"type": "Lowercase"},
  "pre_tokenizer": {"type": "Whitespace"},
  "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "caf": 3, "##é": 4, "the": 5}}})";

class TokenizeTest : public ::testing::Test {
 protected:
  void SetUp() override { testing::write_bytes(scratch_ / "tokenizer.json", kTokenizer); }
  Outcome run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), {"tokenize", scratch_.str("tokenizer.json")});
    return run_attnviz(arguments, input);
  }
  testing::ScratchFolder scratch_;
};

TEST_F(TokenizeTest, PrintsIdsTokensByteOffsetsAndTheMask) {
  const Outcome outcome = run({"--text", "the CAFÉ"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out),
            json::parse(R"({"ids": [1, 5, 3, 4, 2], "tokens": ["[CLS]", "the", "caf", "##é", "[SEP]"],
    "offsets": [[0, 0], [0, 3], [4, 7], [7, 9], [0, 0]], "special": [1, 0, 0, 0, 1]})"));
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1);
}

TEST_F(TokenizeTest, LeavesTheTemplateOut) {
  EXPECT_EQ(json::parse(run({"--text", "the", "--no-special"}).out)["ids"], json::parse("[5]"));
}

TEST_F(TokenizeTest, TakesABatchAndGoesOnAfterABadLine) {
  const Outcome outcome =
      run({"--batch", "-"},
          "{\"text\": \"the\"}\nnot json\n{\"text\": 7}\n{\"segments\": [{\"name\": \"a\", "
          "\"text\": \"t\"}, {\"name\": \"\", \"text\": \"he\"}], \"pair\": "
          "\"caf\"}\n{\"text\": \"the\", \"txet\": \"\"}\n");
  EXPECT_EQ(outcome.exit_code, 1);
  std::istringstream lines(outcome.out);
  std::vector<json> out;
  for (std::string line; std::getline(lines, line);) out.push_back(json::parse(line));
  ASSERT_EQ(out.size(), 5U) << "a line for each line";
  EXPECT_EQ(out[0]["ids"], json::parse("[1, 5, 2]"));
  EXPECT_TRUE(out[1].contains("error"));
  EXPECT_TRUE(out[2].contains("error"));
  EXPECT_EQ(out[3]["ids"], json::parse("[1, 5, 2, 3, 2]"));
  EXPECT_NE(out[4]["error"].get<std::string>().find("unknown member \"txet\""), std::string::npos)
      << "records are read as those of a batch are";
  EXPECT_NE(outcome.err.find("line 2 of '-'"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("line 3 of '-'"), std::string::npos) << outcome.err;
}

TEST_F(TokenizeTest, SaysWhatIsWrong) {
  EXPECT_EQ(run({}).exit_code, 2);
  EXPECT_EQ(run({"--text", "a", "--batch", "-"}).exit_code, 2);
  EXPECT_EQ(run({"--text", "a\xFF"}).exit_code, 3);
  EXPECT_EQ(run_attnviz({"tokenize", scratch_.str("none.json"), "--text", "a"}).exit_code, 3);
  testing::write_bytes(scratch_ / "odd.json", R"({"model": {"type": "Telepathy"}})");
  const Outcome odd = run_attnviz({"tokenize", scratch_.str("odd.json"), "--text", "a"});
  EXPECT_EQ(odd.exit_code, 3);
  EXPECT_NE(odd.err.find("Telepathy"), std::string::npos) << odd.err;
}

}  // namespace
}  // namespace attnviz
