// The questions that users have, asked through the command: sources of an answer, words, sinks, pairs,
// translation.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/scripted_model.h"

namespace attnviz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Outcome;
using testing::read_bytes;
using testing::run_attnviz;
using testing::ScratchFolder;

const std::string kModels = ATTNVIZ_SOURCE_DIR "/examples/models/";

double sum(const json& row) {
  double total = 0;
  for (const json& weight : row) total += weight.get<double>();
  return total;
}

class QuestionsTest : public ::testing::Test {
 protected:
  /// Runs on the bundled question answering model; three facts, one question, `more` options.
  json ask(const std::vector<std::string>& more) {
    std::vector<std::string> words = {kModels + "qa",
                                      "--segment",
                                      "fact-1=the old bridge of Karst was built by Orlan .",
                                      "--segment",
                                      "fact-2= the harbour master of Velmora is Tessin .",
                                      "--segment",
                                      "question= question : who is the harbour master of Velmora ? answer :",
                                      "--generate",
                                      "24"};
    return run(words, more);
  }
  json read_date(const std::string& text, const std::vector<std::string>& more) {
    return run({kModels + "dates", "--text", text}, more);
  }
  json run(std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--out", "maps", "--force"});
    outcome_ = run_attnviz(words, "", scratch_ / "");
    EXPECT_EQ(outcome_.exit_code, 0) << outcome_.err;
    return outcome_.exit_code == 0 ? json::parse(read_bytes(scratch_ / "maps/manifest.json")) : json();
  }
  json map(const json& output) {
    return json::parse(read_bytes(scratch_ / ("maps/" + output["json"].get<std::string>())));
  }

  ScratchFolder scratch_;
  Outcome outcome_;
};

TEST_F(QuestionsTest, TheRightFactHasTheLargestShareOfTheAnswersName) {
  const json manifest = ask({"--no-system-fonts"});
  const json table = manifest["segments"].at(0);
  EXPECT_EQ(table["names"], json::parse(R"(["fact-1","fact-2","question","generated",""])"));
  ASSERT_EQ(table["outputs"].size(), manifest["outputs"].size());
  for (const json& output : table["outputs"]) {
    EXPECT_NEAR(sum(output["masses"]), 1.0, 1e-5);
    const json token = map(manifest["outputs"][&output - &table["outputs"][0]])["token"];
    if (token["text"] != "Tes") continue;
    EXPECT_GT(output["masses"][1].get<double>(), output["masses"][0].get<double>());
  }
  EXPECT_EQ(manifest["segments_png"], "segments.png");
  EXPECT_TRUE(fs::exists(scratch_ / "maps/segments.png"));
}

TEST_F(QuestionsTest, WordsAreWhole) {
  const json manifest = ask({"--words", "--no-png"});
  std::vector<std::string> answer;
  for (const json& output : manifest["outputs"]) {
    const json one = map(output);
    answer.push_back(one["token"]["text"]);
    for (const char* name : {"mean", "rollout"})
      EXPECT_NEAR(sum(one["views"][0]["reductions"][name]["overall"]), 1.0, 1e-5) << name;
    EXPECT_NEAR(sum(manifest["segments"][0]["outputs"][answer.size() - 1]["masses"]), 1.0, 1e-5);
  }
  EXPECT_EQ(answer,
            (std::vector<std::string>{"the", "harbour", "master", "of", "Velmora", "is", "Tessin", "."}));
}

TEST_F(QuestionsTest, DroppedTokensAreNamedInNumbersAndOptions) {
  const json manifest =
      read_date("March 3, 1987", {"--generate", "12", "--special", "drop", "--sink", "drop"});
  EXPECT_EQ(manifest["options"]["sink"], "drop");
  for (const json& output : manifest["outputs"]) {
    const json past = map(output)["views"][1];
    EXPECT_EQ(past["removed"][0], "special tokens");
    EXPECT_GT(past["removed_mass"].get<double>(), 0.0);
    EXPECT_NEAR(sum(past["reductions"]["mean"]["overall"]), 1.0, 1e-5);
  }
}

TEST_F(QuestionsTest, AnUnknownCharacterIsTextAndStays) {
  const std::string text = "\xE2\x88\x91 3 March 1987";
  const json manifest = read_date(text, {"--attention", "encoder", "--special", "drop", "--no-png"});
  EXPECT_EQ(manifest["tokens"][0]["special"], true);
  EXPECT_EQ(manifest["outputs"].size(), manifest["tokens"].size());
}

TEST_F(QuestionsTest, WordsOfBothStacksAreShownWhereAnOutputSeesOnlyWhatWasDropped) {
  const json manifest = read_date("</s> 3 March 1987", {"--target", "/1987", "--attention", "encoder,decoder",
                                                        "--words", "--special", "drop", "--npz", "--no-png"});
  EXPECT_EQ(manifest["outputs"].size(), 1U);
  EXPECT_EQ(manifest["warnings"].size(), 1U);
}

TEST_F(QuestionsTest, ArraysAreWrittenForNumpy) {
  const json manifest = ask({"--npz", "--no-png"});
  EXPECT_EQ(manifest["npz"], "attention.npz");
  const std::string arrays = read_bytes(scratch_ / "maps/attention.npz");
  for (const char* name :
       {"self.mean.npy", "self.max.npy", "self.rollout.npy", "self.queries.npy", "self.outputs.npy"})
    EXPECT_NE(arrays.find(name), std::string::npos) << name;
  EXPECT_EQ(arrays.find("self.heads"), std::string::npos) << "only with --per-head";
}

TEST_F(QuestionsTest, ADateIsReadFromTheRightCharacters) {
  const std::string text = "the 3rd of March 1987";
  const json manifest = read_date(text, {"--generate", "12"});
  EXPECT_EQ(manifest["generated_text"], "1987-03-03");
  EXPECT_EQ(manifest["warnings"], json::array());
  // Which part each character is of, and where the parts stand: year, month, day, in bytes of the text.
  const std::string part_of = "yyyy-mm-dd";
  const std::map<char, std::pair<int, int>> stands = {{'y', {17, 21}}, {'m', {11, 16}}, {'d', {4, 7}}};
  ASSERT_EQ(manifest["outputs"].size(), part_of.size());
  for (std::size_t i = 0; i < part_of.size(); ++i) {
    const json cross = map(manifest["outputs"][i])["views"][0];
    ASSERT_EQ(cross["attention"], "cross");
    std::map<char, double> mass;
    for (std::size_t s = 0; s < cross["sources"].size(); ++s) {
      const int at = cross["sources"][s]["begin"];
      for (const auto& [part, where] : stands) {
        if (at >= where.first && at < where.second)
          mass[part] += cross["reductions"]["mean"]["overall"][s].get<double>();
      }
    }
    for (const auto& [part, weight] : mass) {
      if (part_of[i] == '-' || part == part_of[i]) continue;
      EXPECT_GT(mass[part_of[i]], weight) << "character " << i;
    }
  }
}

TEST_F(QuestionsTest, ATargetThatIsGivenHasTheMapsOfTheSameThatIsGenerated) {
  const json generated = read_date("the 3rd of March 1987", {"--generate", "12", "--no-png"});
  const json last = map(generated["outputs"].back())["views"];
  const json given = read_date("the 3rd of March 1987", {"--target", "1987-03-03", "--no-png"});
  ASSERT_EQ(given["outputs"].size(), generated["outputs"].size());
  const json same = map(given["outputs"].back())["views"];
  for (std::size_t view = 0; view < 2; ++view) EXPECT_EQ(same[view]["reductions"], last[view]["reductions"]);
}

TEST_F(QuestionsTest, TheEncoderOfTwoStacksCanBeShownAlone) {
  const json manifest = read_date("March 3, 1987", {"--attention", "encoder"});
  EXPECT_EQ(manifest["outputs"].size(), 13U);
  EXPECT_EQ(map(manifest["outputs"][0])["views"][0]["attention"], "encoder");
}

TEST_F(QuestionsTest, WhatTheDecoderReadsMustBeSaid) {
  const Outcome outcome =
      run_attnviz({kModels + "dates", "--text", "March 3, 1987", "--out", "maps"}, "", scratch_ / "");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find("--generate"), std::string::npos);
  const Outcome both =
      run_attnviz({kModels + "dates", "--text", "a", "--target", "b", "--target-ids", "1", "--out", "maps"},
                  "", scratch_ / "");
  EXPECT_EQ(both.exit_code, 2);
  const Outcome wrong =
      run_attnviz({kModels + "qa", "--text", "the", "--target", "b", "--out", "maps"}, "", scratch_ / "");
  EXPECT_EQ(wrong.exit_code, 2);
}

TEST_F(QuestionsTest, APairIsTwoSegmentsWithTheirFlow) {
  testing::save_scripted(R"(
def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> Tensor:
    x = torch.eye(64).index_select(0, (input_ids + token_type_ids).flatten()).unsqueeze(0).unsqueeze(1)
    scores = torch.matmul(x, x.transpose(-2, -1))
    return torch.matmul(torch.softmax(scores, -1), x).squeeze(1)
)",
                         scratch_.str("pair.pt"));
  testing::write_bytes(scratch_ / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nred\ngreen\nblue\n");
  const json manifest = run({scratch_.str("pair.pt"), "--text", "red green", "--pair", "blue"}, {});
  EXPECT_EQ(manifest["pair"], "blue");
  const json flow = manifest["segment_flow"].at(0);
  EXPECT_EQ(flow["names"], json::parse(R"(["A","B",""])"));
  for (const json& from : flow["layers"][0]["masses"]) EXPECT_NEAR(sum(from), 1.0, 1e-5);
  const json view = map(manifest["outputs"][1])["views"][0];
  EXPECT_NEAR(view["segments"]["A"].get<double>() + view["segments"]["B"].get<double>() +
                  view["segments"][""].get<double>(),
              1.0, 1e-5);
}

}  // namespace
}  // namespace attnviz
