// The bundled model, asked as the quickstart asks it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"

namespace attnviz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Outcome;
using testing::read_bytes;
using testing::run_attnviz;
using testing::ScratchFolder;

const std::string kQa = ATTNVIZ_SOURCE_DIR "/examples/models/qa";

std::string violations(const json& document, const std::string& name) {
  return testing::violations(document.dump(), name);
}

class MainJobTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchFolder;
    outcome_ =
        run_attnviz({kQa, "--segment", "fact-1=the old bridge of Karst was built by Orlan .", "--segment",
                     "fact-2= the harbour master of Velmora is Tessin .", "--segment",
                     "fact-3= the harbour master of Brenholt is Sarvik .", "--segment",
                     "question= question : who is the harbour master of Velmora ? answer :", "--generate",
                     "24", "--reduce", "mean,max,min,rollout", "--per-head", "--out", "maps"},
                    "", *scratch_ / "");
    if (outcome_.exit_code == 0) manifest_ = json::parse(read_bytes(*scratch_ / "maps/manifest.json"));
  }
  static void TearDownTestSuite() { delete scratch_; }
  void SetUp() override { ASSERT_EQ(outcome_.exit_code, 0) << outcome_.err; }

  static json map_of(const json& output) {
    return json::parse(read_bytes(*scratch_ / ("maps/" + output["json"].get<std::string>())));
  }

  static inline ScratchFolder* scratch_ = nullptr;
  static inline Outcome outcome_;
  static inline json manifest_;
};

TEST_F(MainJobTest, TheAnswerIsRight) {
  EXPECT_EQ(manifest_["generated_text"], " the harbour master of Velmora is Tessin .");
  EXPECT_EQ(manifest_["model"]["causal"], true);
  EXPECT_EQ(manifest_["warnings"], json::array());
}

TEST_F(MainJobTest, EveryFileIsValidUnderItsSchema) {
  EXPECT_EQ(violations(manifest_, "manifest"), "");
  for (const json& output : manifest_["outputs"])
    EXPECT_EQ(violations(map_of(output), "token"), "") << output;
}

TEST_F(MainJobTest, TheSchemasRefuseWhatIsWrong) {
  json wrong = map_of(manifest_["outputs"][0]);
  wrong["views"][0]["sources"][0]["begin"] = "0";
  EXPECT_NE(violations(wrong, "token"), "");
  wrong = manifest_;
  wrong["extra"] = 1;
  EXPECT_NE(violations(wrong, "manifest"), "");
}

TEST_F(MainJobTest, RowsAndSegmentsSumToOne) {
  constexpr double kFloat32 = 1e-5;  // sums of some hundred float32 numbers
  const auto sum = [](const json& row) {
    double total = 0;
    for (const json& weight : row) total += weight.get<double>();
    return total;
  };
  for (const json& output : manifest_["outputs"]) {
    const json map = map_of(output);
    const json& view = map["views"][0];
    EXPECT_EQ(view["sources"].size(), map["token"]["index"].get<std::size_t>())
        << "positions before the token";
    for (const char* name : {"mean", "rollout"}) {
      EXPECT_NEAR(sum(view["reductions"][name]["overall"]), 1.0, kFloat32);
      for (const json& row : view["reductions"][name]["layers"]) EXPECT_NEAR(sum(row), 1.0, kFloat32);
    }
    for (const json& layer : view["heads"]) {
      for (const json& head : layer) EXPECT_NEAR(sum(head), 1.0, kFloat32);
    }
    double masses = 0;
    for (const json& mass : view["segments"]) masses += mass.get<double>();
    EXPECT_NEAR(masses, 1.0, kFloat32);
    EXPECT_TRUE(view["segments"].contains("fact-2"));
  }
}

TEST_F(MainJobTest, BytesLeadBackToTheText) {
  const std::string text = manifest_["text"];
  std::string covered;
  for (const json& token : manifest_["tokens"]) {
    if (token["begin"].is_null()) continue;
    EXPECT_EQ(token["begin"].get<std::size_t>(), covered.size())
        << "tokens of this vocabulary lie side by side";
    covered += text.substr(covered.size(), token["end"].get<std::size_t>() - covered.size());
  }
  EXPECT_EQ(covered, text);
}

TEST_F(MainJobTest, PathsGoToStandardOutputAndAreAllThere) {
  std::istringstream lines(outcome_.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_TRUE(fs::exists(*scratch_ / line)) << line;
  EXPECT_EQ(count, static_cast<int>(manifest_["outputs"].size()) * 2 + 3)
      << "and overview, segments and manifest";
  EXPECT_EQ(outcome_.err, "");
  for (const auto& entry : fs::recursive_directory_iterator(*scratch_ / "maps")) {
    EXPECT_EQ(entry.path().string().find("part"), std::string::npos) << entry.path();
  }
}

/// The largest difference of two numbers in the same place; 2 where the documents differ in anything else.
double largest_difference(const json& a, const json& b) {
  if (a.is_number_float() && b.is_number()) return std::abs(a.get<double>() - b.get<double>());
  if (a.is_number() && b.is_number_float()) return std::abs(a.get<double>() - b.get<double>());
  if (!a.is_structured() || a.type() != b.type()) return a == b ? 0 : 2;
  if (a.size() != b.size()) return 2;
  double largest = 0;
  for (auto at_a = a.begin(), at_b = b.begin(); at_a != a.end(); ++at_a, ++at_b) {
    if (a.is_object() && at_a.key() != at_b.key()) return 2;
    largest = std::max(largest, largest_difference(*at_a, *at_b));
  }
  return largest;
}

/// A generation of the bundled model with so many threads, in the folder `name` of `scratch`: the paths of
/// its files.
std::vector<std::string> generate(const ScratchFolder& scratch, const char* threads, const char* name) {
  const Outcome outcome = run_attnviz(
      {kQa, "--text",
       "the harbour master of Velmora is Tessin . question : who is the harbour master of Velmora ? "
       "answer :",
       "--generate", "24", "--reduce", "mean,max,min,rollout", "--per-head", "--threads", threads, "--out",
       name},
      "", scratch / "");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::vector<std::string> paths;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) paths.push_back(line.substr(std::string(name).size()));
  return paths;
}

TEST_F(MainJobTest, TheSameRunGivesTheSameBytes) {
  for (const char* threads : {"1", "2", "3"}) {
    const ScratchFolder other;
    const auto paths = generate(other, threads, "one");
    EXPECT_EQ(generate(other, threads, "two"), paths);
    for (const std::string& path : paths)
      EXPECT_EQ(read_bytes(other / ("one" + path)), read_bytes(other / ("two" + path))) << path;
  }
}

TEST_F(MainJobTest, AnotherNumberOfThreadsGivesTheSameTokensAndWeightsUpToRoundings) {
  constexpr double kRoundings = 1e-5;  // as README says; most are below 2e-6
  const ScratchFolder other;
  const auto paths = generate(other, "1", "one");
  for (const char* threads : {"2", "3"}) {
    EXPECT_EQ(generate(other, threads, threads), paths);
    for (const std::string& path : paths) {
      if (!path.ends_with(".json")) continue;
      const json one = json::parse(read_bytes(other / ("one" + path)));
      EXPECT_LE(largest_difference(one, json::parse(read_bytes(other / (threads + path)))), kRoundings)
          << path;
    }
  }
}

TEST_F(MainJobTest, TextComesFromAFileOrStandardInput) {
  const ScratchFolder other;
  const auto generated = [&](const std::vector<std::string>& input, const std::string& name) {
    std::vector<std::string> arguments = {kQa, "--no-png", "--out", name};
    arguments.insert(arguments.end(), input.begin(), input.end());
    const Outcome outcome = run_attnviz(arguments, "the old bridge", other / "");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return json::parse(read_bytes(other / (name + "/manifest.json")))["tokens"];
  };
  testing::write_bytes(other / "text.txt", "the old bridge");
  const json expected = generated({"--text", "the old bridge"}, "a");
  EXPECT_EQ(generated({"--text-file", "text.txt"}, "b"), expected);
  EXPECT_EQ(generated({"--text-file", "-"}, "c"), expected);
}

TEST_F(MainJobTest, ForceReplacesAndRefusalKeeps) {
  const ScratchFolder other;
  const auto run = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {kQa, "--no-png", "--out", "maps", "--text", "the old bridge"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_attnviz(arguments, "", other / "").exit_code;
  };
  EXPECT_EQ(run({}), 0);
  EXPECT_EQ(run({}), 4);
  EXPECT_EQ(run({"--force", "--tokens", "1"}), 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(other / "maps/tokens"), {}), 1)
      << "the earlier maps are gone";
}

TEST_F(MainJobTest, InspectTellsWhatTheModelIs) {
  const Outcome outcome = run_attnviz({"inspect", kQa, "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json found = json::parse(outcome.out);
  EXPECT_EQ(found["inputs"][0], json::parse(R"({"name":"input_ids","type":"Tensor","role":"ids"})"));
  EXPECT_EQ(found["layers"], manifest_["model"]["layers"]);
  EXPECT_EQ(found["heads"], manifest_["model"]["heads"]);
  EXPECT_EQ(found["sites"].size(), found["layers"].get<std::size_t>());
  EXPECT_EQ(found["sites"][1]["capture"], "softmax");
  EXPECT_EQ(found["causal"], true);
  EXPECT_NE(run_attnviz({"inspect", kQa}).out.find("causal"), std::string::npos);
}

TEST_F(MainJobTest, TokenizeAgreesWithTheRun) {
  const Outcome outcome = run_attnviz({"tokenize", kQa, "--text", manifest_["text"]});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json ids = json::parse(outcome.out)["ids"];
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], manifest_["tokens"][i]["id"]);
}

}  // namespace
}  // namespace attnviz
