// Words, special tokens, sinks and sentence pairs: which tokens a run shows, and as what.
#include "run/maps_fixture.h"

namespace attnviz::run {
namespace {

namespace fs = std::filesystem;
using testing::json;

class ShownTokensTest : public testing::MapsTest<testing::EvenModel> {
 protected:
  static std::vector<std::string> sources(const json& map) {
    std::vector<std::string> texts;
    for (const json& source : map["views"][0]["sources"]) texts.push_back(source["text"]);
    return texts;
  }
  static double sum(const json& row) {
    double total = 0;
    for (const json& weight : row) total += weight.get<double>();
    return total;
  }
};

TEST_F(ShownTokensTest, AreWordsWhenAskedFor) {
  run({.text = "ab cde"}, {.words = true});
  const json map = read("maps/tokens/00003-cde.json");
  EXPECT_EQ(map["token"]["tokens"], 4) << "the space before it belongs to it";
  EXPECT_EQ(map["token"]["query"], 6) << "the last of its queries";
  EXPECT_EQ(sources(map), (std::vector<std::string>{"^", "ab", "cde"}));
  const json& to = map["views"][0]["sources"][1];
  EXPECT_EQ(to["index"], 1);
  EXPECT_EQ(to["tokens"], 2);
  EXPECT_EQ(to["end"], 2);
  const json mean = map["views"][0]["reductions"]["mean"]["overall"];
  EXPECT_NEAR(sum(mean), 1.0, 1e-6);
  EXPECT_NEAR(mean[1].get<double>(), (2 / 4. + 2 / 5. + 2 / 6. + 2 / 7.) / 4, 1e-6)
      << "sum to its letters, mean from four";
}

TEST_F(ShownTokensTest, OfGeneratedWordsAreTheMeansOfTheirQueries) {
  model_.answer = "xy z";
  run({.text = "ab.", .generate = 4}, {.words = true});
  const json map = read("maps/tokens/00004-xy.json");
  EXPECT_EQ(map["token"]["tokens"], 2);
  EXPECT_EQ(map["token"]["query"], 4);
  EXPECT_NEAR(map["token"]["probability"].get<double>(), 0.25, 1e-6);
  EXPECT_EQ(sources(map), (std::vector<std::string>{"^", "ab", ".", "xy"}));
  EXPECT_NEAR(sum(map["views"][0]["reductions"]["rollout"]["overall"]), 1.0, 1e-6);
}

TEST_F(ShownTokensTest, AreChosenByAnyTokenOfAWord) {
  EXPECT_EQ(run({.text = "ab cde", .tokens = {{5}}}, {.words = true, .png = false}).paths.size(), 2U);
  EXPECT_TRUE(fs::exists(root_ / "maps/tokens/00003-cde.json"));
}

TEST_F(ShownTokensTest, AreNoWordsWithoutAText) {
  EXPECT_EQ(refusal({.ids = {'a', 'b'}}, {.words = true}), ErrorKind::kUsage);
}

TEST_F(ShownTokensTest, AreWordsOfASecondSentenceToo) {
  run({.text = "", .pair = "ab cde"}, {.words = true});
  EXPECT_EQ(sources(read("maps/tokens/00003-cde.json")), (std::vector<std::string>{"^", "ab", "cde"}));
}

TEST_F(ShownTokensTest, AreSaidToBeNoneWhereAllAreSpecial) {
  run({.text = ""}, {.drop_special = true});
  EXPECT_THAT(listener_.warnings, ::testing::Contains(::testing::HasSubstr("nothing is mapped")));
}

TEST_F(ShownTokensTest, LoseSpecialTokensAsSourcesAndOutputs) {
  run({.text = "abc"}, {.drop_special = true});
  EXPECT_FALSE(fs::exists(root_ / "maps/tokens/00000.json"));
  const json view = read("maps/tokens/00003-c.json")["views"][0];
  EXPECT_EQ(view["sources"].size(), 3U);
  EXPECT_EQ(view["removed"], json::parse(R"(["special tokens"])"));
  EXPECT_NEAR(view["removed_mass"].get<double>(), 0.25, 1e-6);
  EXPECT_NEAR(sum(view["reductions"]["mean"]["overall"]), 1.0, 1e-6);
  EXPECT_NEAR(sum(view["reductions"]["rollout"]["layers"][0]), 1.0, 1e-6);
  EXPECT_NEAR(view["reductions"]["max"]["overall"][0].get<double>(), 0.25, 1e-6) << "max keeps its weights";
}

TEST_F(ShownTokensTest, StateRemovedMassWithoutTheMeanToo) {
  run({.text = "abc"}, {.reductions = testing::named({"max"}), .drop_special = true});
  const json view = read("maps/tokens/00003-c.json")["views"][0];
  EXPECT_EQ(view["reductions"].size(), 1U);
  EXPECT_NEAR(view["removed_mass"].get<double>(), 0.25, 1e-6);
}

TEST_F(ShownTokensTest, LoseSinksByWeight) {
  model_.sink_weight = 0.6;
  run({.text = "abcdef"}, {.drop_sinks = true});
  const json view = read("maps/tokens/00006-f.json")["views"][0];
  EXPECT_EQ(view["sources"].front()["index"], 1);
  EXPECT_EQ(view["removed"], json::parse(R"(["sinks"])"));
  EXPECT_GE(view["removed_mass"].get<double>(), 0.6);
  EXPECT_NEAR(sum(view["reductions"]["rollout"]["overall"]), 1.0, 1e-6);
  EXPECT_FALSE(fs::exists(root_ / "maps/tokens/00000.json")) << "it sees nothing but itself";
  ASSERT_EQ(listener_.warnings.size(), 1U);
  EXPECT_NE(listener_.warnings[0].find("output token 0"), std::string::npos);
}

TEST_F(ShownTokensTest, KeepTheFirstTokenWhereItIsNoSink) {
  run({.text = "abcdefghi"}, {.drop_sinks = true});
  EXPECT_EQ(read("maps/tokens/00009-i.json")["views"][0]["sources"].size(), 10U);
  EXPECT_FALSE(read("maps/tokens/00009-i.json")["views"][0].contains("removed"));
}

TEST_F(ShownTokensTest, WarnOnceOfARolloutThatRanIntoTheFirstToken) {
  model_.sink_weight = 0.95;
  run({.text = "abcdef"}, {.rollout_residual = 0.1});
  ASSERT_EQ(listener_.warnings.size(), 1U);
  EXPECT_NE(listener_.warnings[0].find("--sink drop"), std::string::npos);
  EXPECT_EQ(read("maps/manifest.json")["warnings"].size(), 1U);
  listener_.warnings.clear();
  run({.text = "abcdef", .tokens = {{3, 4}}}, {.rollout_residual = 0.1, .drop_sinks = true});
  EXPECT_TRUE(listener_.warnings.empty()) << listener_.warnings[0];
}

TEST_F(ShownTokensTest, WarnOfATokenizerThatIsTooLargeForTheModel) {
  model_.vocabulary = 100;
  run({.text = "ab"});
  ASSERT_EQ(listener_.warnings.size(), 1U);
  EXPECT_NE(listener_.warnings[0].find("256 ids, but the model's embedding 100"), std::string::npos);
}

TEST_F(ShownTokensTest, OfAPairAreTwoSegmentsWithTheFlowBetweenThem) {
  model_.causal = false;
  run({.text = "ab", .pair = "c"});
  const json manifest = read("maps/manifest.json");
  EXPECT_EQ(manifest["pair"], "c");
  const json view = read("maps/tokens/00001-a.json")["views"][0];
  EXPECT_FLOAT_EQ(view["segments"]["A"].get<float>(), 0.5F);
  EXPECT_FLOAT_EQ(view["segments"]["B"].get<float>(), 0.25F);
  const json flow = manifest["segment_flow"][0];
  EXPECT_EQ(flow["names"], json::parse(R"(["A","B",""])"));
  ASSERT_EQ(flow["layers"].size(), 2U);
  for (const json& from : flow["layers"][1]["masses"]) EXPECT_EQ(from, json::parse("[0.5,0.25,0.25]"));
  EXPECT_EQ(refusal({.ids = {1}, .pair = "c"}), ErrorKind::kUsage);
  model_.causal = true;
  EXPECT_EQ(refusal({.text = "ab", .pair = "c", .generate = 1}), ErrorKind::kUsage);
}

}  // namespace
}  // namespace attnviz::run
