// `inspect` on every archive of the zoo that PyTorch wrote, against the truth that was written with it.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"

namespace attnviz {
namespace {

using nlohmann::json;
using testing::read_bytes;
using testing::run_attnviz;

const std::filesystem::path kZoo = ATTNVIZ_SOURCE_DIR "/tests/model/data";

class InspectZooTest : public ::testing::TestWithParam<std::string> {};

TEST_P(InspectZooTest, PrintsTheTruth) {
  const json all = json::parse(read_bytes(kZoo / ("truth-" + GetParam() + ".json")));
  ASSERT_GT(all.size(), 10U);
  for (const auto& [name, truth] : all.items()) {
    SCOPED_TRACE(name);
    const std::string file = truth.value("file", name);  // one archive may have the truth of several inputs
    const auto outcome = run_attnviz({"inspect", (kZoo / file).string(), "--json"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const json found = json::parse(outcome.out);
    std::map<std::string, int> expected, counted;
    int heads = 0;
    for (const json& layer : truth["layers"]) {
      ++expected[layer["kind"]];
      heads = std::max(heads, layer["shape"][0].get<int>());
    }
    for (const json& site : found["sites"]) {
      EXPECT_EQ(site["layer"], counted[site["attention"]]++) << "layers count up by execution";
    }
    EXPECT_EQ(counted, expected);
    EXPECT_EQ(found["heads"], heads);
    EXPECT_FALSE(found["inputs"].empty());
    EXPECT_FALSE(found["outputs"].is_null());
  }
}

INSTANTIATE_TEST_SUITE_P(Archives, InspectZooTest, ::testing::Values("1.13", "2.6"),
                         [](const auto& param) { return param.param == "1.13" ? "of_1_13" : "of_2_6"; });

}  // namespace
}  // namespace attnviz
