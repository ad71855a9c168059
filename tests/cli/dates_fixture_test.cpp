// The maps of an encoder–decoder against attention that PyTorch computed from the same weights by the
// training code's own forward, and rollout by its definition, both in float64
// (examples/training/dates_fixture.py).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"

namespace attnviz {
namespace {

using nlohmann::json;
using testing::read_bytes;

constexpr double kTolerance = 1e-5;  // float32 in the model, float64 in the reference

class DatesFixtureTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    truth_ = json::parse(
        read_bytes(ATTNVIZ_SOURCE_DIR "/examples/training/dates_fixture.json"))["examples"][GetParam()];
  }

  json run(std::vector<std::string> options) {
    std::vector<std::string> words = {ATTNVIZ_SOURCE_DIR "/examples/models/dates",
                                      "--text",
                                      truth_["text"],
                                      "--per-head",
                                      "--no-png",
                                      "--out",
                                      "maps",
                                      "--force"};
    words.insert(words.end(), options.begin(), options.end());
    const auto outcome = testing::run_attnviz(words, "", scratch_ / "");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return json::parse(read_bytes(scratch_ / "maps/manifest.json"));
  }

  static void expect_row(const json& row, const json& truth) {
    ASSERT_LE(row.size(), truth.size());
    for (std::size_t k = 0; k < row.size(); ++k)
      EXPECT_NEAR(row[k].get<double>(), truth[k].get<double>(), kTolerance);
  }

  /// Every layer, head and reduction of `view` against those rows of the reference that are of `query`.
  static void expect_view(const json& view, const json& truth, std::size_t query) {
    for (const char* name : {"mean", "max", "rollout"}) {
      const json& reduction = view["reductions"][name];
      expect_row(reduction["overall"], truth[name]["overall"][query]);
      for (std::size_t l = 0; l < reduction["layers"].size(); ++l)
        expect_row(reduction["layers"][l], truth[name]["layers"][l][query]);
    }
    ASSERT_EQ(view["heads"].size(), truth["heads"].size());
    for (std::size_t l = 0; l < truth["heads"].size(); ++l) {
      for (std::size_t h = 0; h < truth["heads"][l].size(); ++h)
        expect_row(view["heads"][l][h], truth["heads"][l][h][query]);
    }
  }

  testing::ScratchFolder scratch_;
  json truth_;
};

TEST_P(DatesFixtureTest, WhatIsGeneratedAndSeenIsWhatPyTorchSays) {
  const json manifest = run({"--generate", "20"});
  EXPECT_EQ(manifest["generated_text"], truth_["answer"]);
  for (std::size_t i = 0; i < manifest["outputs"].size(); ++i) {
    const json map =
        json::parse(read_bytes(scratch_ / ("maps/" + manifest["outputs"][i]["json"].get<std::string>())));
    EXPECT_NEAR(map["token"]["probability"].get<double>(), truth_["probabilities"][i].get<double>(),
                kTolerance);
    ASSERT_EQ(map["views"].size(), 2U);
    for (const json& view : map["views"])
      expect_view(view, truth_["attention"][view["attention"].get<std::string>()], i);
  }
}

TEST_P(DatesFixtureTest, TheEncoderIsThatOfPyTorch) {
  const json manifest = run({"--attention", "encoder"});
  ASSERT_EQ(manifest["outputs"].size(), truth_["ids"].size());
  for (std::size_t i = 0; i < manifest["outputs"].size(); ++i) {
    const json map =
        json::parse(read_bytes(scratch_ / ("maps/" + manifest["outputs"][i]["json"].get<std::string>())));
    expect_view(map["views"].at(0), truth_["attention"]["encoder"], i);
  }
}

INSTANTIATE_TEST_SUITE_P(Examples, DatesFixtureTest, ::testing::Values(0, 1));

}  // namespace
}  // namespace attnviz
