#include "cli/suggest.h"

#include <gtest/gtest.h>

#include <vector>

#include "cli/command.h"

namespace attnviz::cli {
namespace {

const std::vector<std::string> kNames = {"text",     "text-file", "tokens", "target",
                                         "generate", "npz",       "no-png"};

TEST(NearestName, FindsALetterThatIsMissingTooManyWrongOrSwapped) {
  EXPECT_EQ(nearest_name("txt", kNames), "text");
  EXPECT_EQ(nearest_name("texts", kNames), "text");
  EXPECT_EQ(nearest_name("test", kNames), "text");
  EXPECT_EQ(nearest_name("txet", kNames), "text");
  EXPECT_EQ(nearest_name("text_file", kNames), "text-file");
}

TEST(NearestName, AllowsMoreInLongerNames) {
  EXPECT_EQ(nearest_name("genrat", kNames), "generate");
  EXPECT_EQ(nearest_name("zpn", kNames), std::nullopt) << "two letters of three are elsewhere";
}

TEST(NearestName, FindsNothingForWhatIsFarFromAll) {
  EXPECT_EQ(nearest_name("nonsense", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("text", {}), std::nullopt);
}

TEST(NearestName, TakesTheNearestAndOfEqualsTheFirst) {
  const std::vector<std::string> names = {"headed", "heads", "heade"};
  EXPECT_EQ(nearest_name("head", names), "heads");
  EXPECT_EQ(nearest_name("heades", names), "headed");
}

TEST(UnknownOption, NamesTheOptionThatWasMeant) {
  const auto outcome = testing::run_attnviz({"model.pt", "--txt", "a", "--out", "maps"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("--txt"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("did you mean --text?"), std::string::npos) << outcome.err;
}

TEST(UnknownOption, IsComparedWithTheOptionsOfTheSubcommand) {
  const auto of_diff = testing::run_attnviz({"diff", "a", "b", "--fail-ovr=0.1"});
  EXPECT_EQ(of_diff.exit_code, 2);
  EXPECT_NE(of_diff.err.find("did you mean --fail-over?"), std::string::npos) << of_diff.err;
  const auto of_inspect = testing::run_attnviz({"inspect", "model.pt", "--token"});
  EXPECT_EQ(of_inspect.exit_code, 2);
  EXPECT_EQ(of_inspect.err.find("--tokens"), std::string::npos) << of_inspect.err;
}

TEST(UnknownOption, GetsNoSuggestionWhereNothingIsNear) {
  const auto outcome = testing::run_attnviz({"model.pt", "--text", "a", "--nonsense"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err.find("did you mean"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace attnviz::cli
