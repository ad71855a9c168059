// The maps of the command against attention that PyTorch computed from the same weights by the training
// code's own forward, in float64 (examples/training/qa_fixture.py makes the file anew from model.pt).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"

namespace attnviz {
namespace {

using nlohmann::json;
using testing::read_bytes;

constexpr double kTolerance = 1e-5;  // float32 in the model, float64 in the reference

class FixtureTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new testing::ScratchFolder;
    truth_ = json::parse(read_bytes(ATTNVIZ_SOURCE_DIR "/examples/training/qa_fixture.json"));
    const auto outcome = testing::run_attnviz({ATTNVIZ_SOURCE_DIR "/examples/models/qa", "--text",
                                               truth_["text"], "--per-head", "--no-png", "--out", "maps"},
                                              "", *scratch_ / "");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    if (outcome.exit_code == 0) manifest_ = json::parse(read_bytes(*scratch_ / "maps/manifest.json"));
  }
  static void TearDownTestSuite() { delete scratch_; }

  static json view_of(std::size_t output) {
    const std::string file = manifest_["outputs"].at(output)["json"];
    return json::parse(read_bytes(*scratch_ / ("maps/" + file)))["views"][0];
  }

  static void expect_row(const json& row, const json& truth, std::size_t length) {
    ASSERT_EQ(row.size(), length);
    for (std::size_t k = 0; k < length; ++k)
      EXPECT_NEAR(row[k].get<double>(), truth[k].get<double>(), kTolerance);
  }

  static inline testing::ScratchFolder* scratch_ = nullptr;
  static inline json truth_, manifest_;
};

TEST_F(FixtureTest, IdsAreThoseOfTheTrainingCode) {
  ASSERT_EQ(manifest_["tokens"].size(), truth_["ids"].size());
  for (std::size_t i = 0; i < truth_["ids"].size(); ++i)
    EXPECT_EQ(manifest_["tokens"][i]["id"], truth_["ids"][i]);
}

TEST_F(FixtureTest, EveryHeadOfEveryRowIsThatOfPyTorch) {
  const json& attention = truth_["attention"];  // [layer][head][query][key]
  for (std::size_t q = 0; q < truth_["ids"].size(); ++q) {
    const json heads = view_of(q)["heads"];
    ASSERT_EQ(heads.size(), attention.size());
    for (std::size_t l = 0; l < attention.size(); ++l) {
      ASSERT_EQ(heads[l].size(), attention[l].size());
      for (std::size_t h = 0; h < attention[l].size(); ++h)
        expect_row(heads[l][h], attention[l][h][q], q + 1);
    }
  }
}

TEST_F(FixtureTest, ReductionsOfTheLastRowAreThoseOfPyTorch) {
  const std::size_t last = truth_["ids"].size() - 1;
  const json reductions = view_of(last)["reductions"];
  for (const char* name : {"mean", "max", "rollout"})
    expect_row(reductions[name]["overall"], truth_[name], last + 1);
}

}  // namespace
}  // namespace attnviz
