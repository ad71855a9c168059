// Runs of the bundled model, compared as a user compares them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"

namespace attnviz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Outcome;
using testing::read_bytes;
using testing::run_attnviz;
using testing::ScratchFolder;
using testing::write_bytes;

const std::string kQa = ATTNVIZ_SOURCE_DIR "/examples/models/qa";

/// `before` and `after` ask of two places; `layer` is `before` with one layer alone; `max` has no
/// distribution.
class DiffTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchFolder;
    made_ = make("before", "Velmora", "mean,max") && make("after", "Brenholt", "mean,max") &&
            make("max", "Velmora", "max") && make("layer", "Velmora", "mean,max", {"--layers", "0"});
  }
  static void TearDownTestSuite() { delete scratch_; }
  void SetUp() override { ASSERT_TRUE(made_); }

  static bool make(const std::string& name, const std::string& place, const std::string& reductions,
                   const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {kQa,
                                          "--segment",
                                          "fact=the harbour master of Velmora is Tessin .",
                                          "--segment",
                                          "question= who is the harbour master of " + place + " ?",
                                          "--reduce",
                                          reductions,
                                          "--no-png",
                                          "--out",
                                          name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_attnviz(arguments, "", *scratch_ / "").exit_code == 0;
  }
  static Outcome diff(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "diff");
    return run_attnviz(arguments, "", *scratch_ / "");
  }

  static inline ScratchFolder* scratch_ = nullptr;
  static inline bool made_ = false;
};

TEST_F(DiffTest, ARunAgainstItselfIsZeroAndPassesEveryGate) {
  const Outcome outcome = diff({"before", "before", "--fail-over", "0", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const json found = json::parse(outcome.out);
  EXPECT_EQ(testing::violations(outcome.out, "diff"), "");
  EXPECT_EQ(found["largest_js"]["js"], 0.0);
  EXPECT_EQ(found["largest_difference"]["value"], 0.0);
  EXPECT_EQ(found["differences"], json::array());
}

TEST_F(DiffTest, PrintsALineForEachTokenAndTheMaximum) {
  const Outcome outcome = diff({"before", "after"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("text differs: ")) << outcome.out;
  EXPECT_NE(outcome.out.find("compared "), std::string::npos);
  EXPECT_NE(outcome.out.find("largest JS divergence "), std::string::npos);
  const json found = json::parse(diff({"before", "after", "--json"}).out);
  EXPECT_EQ(static_cast<std::size_t>(std::count(outcome.out.begin(), outcome.out.end(), '\n')),
            found["differences"].size() + 1 + found["tokens"].size() + 1);
}

TEST_F(DiffTest, TheGateEndsWith1AndNamesTheToken) {
  const json found = json::parse(diff({"before", "layer", "--json"}).out);
  const double js = found["largest_js"]["js"];
  ASSERT_GT(js, 0);
  const Outcome over = diff({"before", "layer", "--fail-over", std::to_string(js / 2)});
  EXPECT_EQ(over.exit_code, 1);
  EXPECT_NE(over.err.find("token " + std::to_string(found["largest_js"]["index_a"].get<int>())),
            std::string::npos)
      << over.err;
  EXPECT_NE(over.err.find("--fail-over"), std::string::npos) << over.err;
  EXPECT_NE(over.out, "") << "the table is there as well";
  EXPECT_EQ(diff({"before", "layer", "--fail-over", std::to_string(std::min(1.0, js * 2))}).exit_code, 0);
}

TEST_F(DiffTest, WhatOneRunHasAloneDoesNotPassTheGate) {
  EXPECT_EQ(diff({"before", "after"}).exit_code, 0);
  const json found = json::parse(diff({"before", "after", "--json"}).out);
  ASSERT_FALSE(found["only_a"].empty());
  const Outcome gate = diff({"before", "after", "--fail-over", "1"});
  EXPECT_EQ(gate.exit_code, 1);
  EXPECT_NE(gate.err.find("'" + std::to_string(found["only_a"][0].get<int>()) + "'"), std::string::npos)
      << gate.err;
  EXPECT_NE(gate.err.find("in A alone"), std::string::npos) << gate.err;
}

TEST_F(DiffTest, JensenShannonDoesNotDependOnTheOrder) {
  const json there = json::parse(diff({"before", "after", "--json"}).out);
  const json back = json::parse(diff({"after", "before", "--json"}).out);
  EXPECT_FLOAT_EQ(there["largest_js"]["js"].get<float>(), back["largest_js"]["js"].get<float>());
  EXPECT_EQ(there["tokens"].size(), back["tokens"].size());
}

TEST_F(DiffTest, WritesPicturesAndNumbers) {
  const Outcome outcome = diff({"before", "after", "--out", "diff", "--no-system-fonts", "--theme", "dark"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string numbers = read_bytes(*scratch_ / "diff/diff.json");
  EXPECT_EQ(testing::violations(numbers, "diff"), "");
  const json found = json::parse(numbers);
  for (const json& token : found["tokens"])
    EXPECT_TRUE(read_bytes(*scratch_ / ("diff/" + token["png"].get<std::string>())).starts_with("\x89PNG"))
        << token;
  EXPECT_TRUE(read_bytes(*scratch_ / "diff/overview.png").starts_with("\x89PNG"));
  EXPECT_EQ(diff({"before", "after", "--out", "diff"}).exit_code, 4) << "not empty";
  EXPECT_EQ(diff({"before", "after", "--out", "diff", "--force", "--no-png"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(*scratch_ / "diff/overview.png"));
  EXPECT_TRUE(json::parse(read_bytes(*scratch_ / "diff/diff.json"))["tokens"][0]["png"].is_null());
}

TEST_F(DiffTest, TheSameFoldersGiveTheSameBytes) {
  ASSERT_EQ(diff({"before", "after", "--out", "one", "--no-png"}).exit_code, 0);
  ASSERT_EQ(diff({"before", "after", "--out", "two", "--no-png"}).exit_code, 0);
  EXPECT_EQ(read_bytes(*scratch_ / "one/diff.json"), read_bytes(*scratch_ / "two/diff.json"));
  EXPECT_EQ(read_bytes(*scratch_ / "one/diff.json").find(scratch_->str("")), std::string::npos);
}

TEST_F(DiffTest, BatchesGiveOneDocumentForAllRecordsAndOneForEach) {
  const auto batch = [](const std::string& name, const std::string& lines) {
    write_bytes(*scratch_ / (name + ".jsonl"), lines);
    const Outcome made =
        run_attnviz({kQa, "--batch", name + ".jsonl", "--out", name, "--no-png"}, "", *scratch_ / "");
    ASSERT_EQ(made.exit_code, 0) << made.err;
  };
  const std::string same = R"({"id": "same", "text": "the harbour master"})";
  const std::string parted = R"({"id": "parted", "text": ")";
  const std::string a = same + "\n" + parted + "the harbour\"}\n" + R"({"id": "a", "text": "master"})" + "\n";
  batch("batch-a", a);
  batch("batch-b", same + "\n" + parted + "Tessin .\"}\n");
  const Outcome outcome = diff({"batch-a", "batch-b", "--json", "--out", "batches", "--no-png"});
  EXPECT_EQ(outcome.exit_code, 1) << "a record cannot be compared: " << outcome.err;
  EXPECT_EQ(testing::violations(outcome.out, "batch-diff"), "");
  EXPECT_EQ(read_bytes(*scratch_ / "batches/diff.json"), outcome.out);
  const json found = json::parse(outcome.out);
  EXPECT_EQ(found["records"][0]["largest_js"]["js"], 0.0);
  EXPECT_TRUE(found["records"][1].contains("error")) << "no token in common";
  EXPECT_EQ(found["only_a"], json::array({"a"}));
  EXPECT_EQ(testing::violations(read_bytes(*scratch_ / "batches/same/diff.json"), "diff"), "");
}

TEST_F(DiffTest, WrongUsageEndsWith2) {
  EXPECT_EQ(diff({"before"}).exit_code, 2);
  for (const char* bound : {"2", "-0.1", "nan", "much"})
    EXPECT_EQ(diff({"before", "before", "--fail-over", bound}).exit_code, 2) << bound;
  EXPECT_EQ(diff({"before", "before", "--force"}).exit_code, 2) << "needs --out";
  EXPECT_EQ(diff({"before", "before", "--out", "new", "--theme", "blue"}).exit_code, 2);
  EXPECT_FALSE(fs::exists(*scratch_ / "new"));
  const Outcome same = diff({"before", "after", "--out", "./before", "--force"});
  EXPECT_EQ(same.exit_code, 2) << same.err;
  EXPECT_TRUE(fs::exists(*scratch_ / "before/manifest.json"));
}

TEST_F(DiffTest, WhatCannotBeComparedEndsWith3) {
  EXPECT_EQ(diff({"before", "nowhere"}).exit_code, 3);
  const Outcome bound = diff({"before", "max", "--fail-over", "0.5"});
  EXPECT_EQ(bound.exit_code, 3);
  EXPECT_NE(bound.err.find("--reduce mean"), std::string::npos) << bound.err;
  fs::copy(*scratch_ / "before", *scratch_ / "cut", fs::copy_options::recursive);
  const std::string manifest = read_bytes(*scratch_ / "before/manifest.json");
  write_bytes(*scratch_ / "cut/manifest.json", manifest.substr(0, manifest.size() / 2));
  const Outcome cut = diff({"before", "cut", "--out", "nothing"});
  EXPECT_EQ(cut.exit_code, 3);
  EXPECT_NE(cut.err.find("cut/manifest.json"), std::string::npos) << cut.err;
  EXPECT_EQ(std::count(cut.err.begin(), cut.err.end(), '\n'), 1) << cut.err;
  EXPECT_FALSE(fs::exists(*scratch_ / "nothing"));
}

}  // namespace
}  // namespace attnviz
