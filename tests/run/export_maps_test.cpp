#include "run/maps_fixture.h"

namespace attnviz::run {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::EvenModel;
using testing::LetterTokenizer;

class ExportMapsTest : public testing::MapsTest<EvenModel> {};

TEST_F(ExportMapsTest, OfACausalModelAreOnePositionEach) {
  run({.text = "abc"});
  const json manifest = read("maps/manifest.json");
  ASSERT_EQ(manifest["outputs"].size(), 4U);
  const json map = read("maps/tokens/00002-b.json");
  EXPECT_EQ(map["token"], json::parse(R"({"index":2,"id":98,"text":"b","query":2,"generated":false})"));
  EXPECT_EQ(map["views"][0]["sources"].size(), 3U) << "positions up to the query";
  for (const json& weight : map["views"][0]["reductions"]["mean"]["overall"])
    EXPECT_FLOAT_EQ(weight.get<float>(), 1.0F / 3);
  EXPECT_TRUE(manifest["model"]["causal"]);
}

TEST_F(ExportMapsTest, OfGeneratedTokensAreThoseOfTheQueryBefore) {
  const ExportResult result = run({.text = "abc", .generate = 2});
  EXPECT_EQ(result.generated, "xy");
  EXPECT_EQ(model_.seen, (std::vector<std::int64_t>{'^', 'a', 'b', 'c', 'x', 'y'}));
  const json map = read("maps/tokens/00005-y.json");
  EXPECT_EQ(map["token"],
            json::parse(R"({"index":5,"id":121,"text":"y","query":4,"generated":true,"probability":0.5})"));
  EXPECT_EQ(map["views"][0]["sources"].size(), 5U);
  const json manifest = read("maps/manifest.json");
  EXPECT_EQ(manifest["outputs"].size(), 2U);
  EXPECT_EQ(manifest["generated_text"], "xy");
  EXPECT_EQ(manifest["tokens"].size(), 6U);
}

TEST_F(ExportMapsTest, OfAnEncoderSeeEveryPosition) {
  model_.causal = false;
  run({.text = "abc"});
  EXPECT_EQ(read("maps/tokens/00000.json")["views"][0]["sources"].size(), 4U);
  EXPECT_FALSE(read("maps/manifest.json")["model"]["causal"]);
}

TEST_F(ExportMapsTest, AreWrittenForTheTokensAskedForOnly) {
  const ExportResult result =
      run({.text = "abcdef", .tokens = {{2, 5}}}, {.reductions = testing::named({"mean"})});
  EXPECT_EQ(result.paths.size(), 6U) << "two pictures with their numbers, the overview, the manifest";
  EXPECT_EQ(read("maps/manifest.json")["outputs"].size(), 2U);
  EXPECT_EQ(refusal({.text = "abc", .tokens = {{9}}}), ErrorKind::kUsage);
}

TEST_F(ExportMapsTest, CountOutputTokensFromTheEndAndByNameToo) {
  run({.text = "abcdef", .tokens = {{-1}, {"^"}}}, {.reductions = testing::named({"mean"})});
  const json outputs = read("maps/manifest.json")["outputs"];
  ASSERT_EQ(outputs.size(), 2U);
  EXPECT_EQ(outputs[0]["index"], 0) << "the template's token, by its name";
  EXPECT_EQ(outputs[1]["index"], 6) << "the last";
  EXPECT_EQ(refusal({.text = "abc", .tokens = {{-5}}}), ErrorKind::kUsage) << "there are four";
  EXPECT_EQ(refusal({.text = "abc", .tokens = {{}, {"a"}}}), ErrorKind::kUsage) << "no special token";
}

TEST_F(ExportMapsTest, KeepAnOutputTokenThatIsAskedForWhereSpecialTokensAreDropped) {
  model_.causal = false;
  run({.text = "abc", .tokens = {{0}}}, {.reductions = testing::named({"mean"}), .drop_special = true});
  const json outputs = read("maps/manifest.json")["outputs"];
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0]["index"], 0);
}

TEST_F(ExportMapsTest, DescribeHeadsOverTheSameRowsWhateverElseIsAskedFor) {
  const InputRecord part{.text = "abcabc", .tokens = {{5}}};
  run({.text = "abcabc"}, {}, "all");
  run(part, {.reductions = testing::named({"mean"})}, "mean");
  run(part, {.reductions = testing::named({"mean", "rollout"})}, "both");
  const json heads = read("all/manifest.json")["heads"];
  EXPECT_EQ(heads.at(0)["rows"], 7);
  EXPECT_EQ(read("mean/manifest.json")["heads"], heads);
  EXPECT_EQ(read("both/manifest.json")["heads"], heads);
}

TEST_F(ExportMapsTest, WarnWhereNoTokenIsKnownToEndAGeneration) {
  run({.text = "ab", .generate = 2});
  EXPECT_TRUE(listener_.warnings.empty());
  model_.settings.eos.clear();
  run({.text = "ab", .generate = 2});
  ASSERT_EQ(listener_.warnings.size(), 1U);
  EXPECT_NE(listener_.warnings[0].find("no token that ends a generation is known"), std::string::npos);
  EXPECT_EQ(read("maps/manifest.json")["warnings"].size(), 1U);
}

TEST_F(ExportMapsTest, WarnOfATextThatIsAllUnknown) {
  letters_.unknown = 'a';
  run({.text = "ab"});
  EXPECT_TRUE(listener_.warnings.empty());
  run({.text = "aaa"});
  ASSERT_EQ(listener_.warnings.size(), 1U);
  EXPECT_EQ(listener_.warnings[0],
            "the tokenizer knows no part of the text: all 3 tokens of it are unknown; it may be of another "
            "language or belong to another model");
}

TEST_F(ExportMapsTest, WithRolloutNeedEveryRow) {
  run({.text = "abcdef", .tokens = {{5}}}, {.reductions = testing::named({"rollout"}), .layers = {1}});
  EXPECT_EQ(model_.asked.first_query, 0);
  EXPECT_TRUE(model_.asked.layers.empty());
}

TEST_F(ExportMapsTest, GiveSegmentMassesThatSumToOneEvenWithoutMean) {
  run({.segments = {{"one", "ab"}, {"two", "c"}}, .generate = 2},
      {.reductions = testing::named({"rollout"})});
  const json view = read("maps/tokens/00005-y.json")["views"][0];
  EXPECT_EQ(view["reductions"].size(), 1U);
  EXPECT_FLOAT_EQ(view["segments"]["one"].get<float>(), 0.4F);
  EXPECT_FLOAT_EQ(view["segments"]["two"].get<float>(), 0.2F);
  EXPECT_FLOAT_EQ(view["segments"][""].get<float>(), 0.2F);
  EXPECT_FLOAT_EQ(view["segments"]["generated"].get<float>(), 0.2F);
}

TEST_F(ExportMapsTest, ArePngsByDefaultAndNoneWithoutThem) {
  run({.text = "ab"});
  EXPECT_TRUE(bytes("maps/tokens/00001-a.png").starts_with("\x89PNG"));
  EXPECT_TRUE(bytes("maps/overview.png").starts_with("\x89PNG"));
  EXPECT_EQ(read("maps/manifest.json")["overview"], "overview.png");
  EXPECT_EQ(read("maps/manifest.json")["heads"].size(), 6U);
  run({.text = "ab"}, {.png = false}, "bare");
  EXPECT_FALSE(fs::exists(root_ / "bare/tokens/00001-a.png"));
  EXPECT_EQ(read("bare/manifest.json")["outputs"][0]["png"], nullptr);
}

TEST_F(ExportMapsTest, DoNotDependOnTheNumberOfWorkers) {
  const ExportResult one = run({.text = "abcdefgh"}, {.workers = 1}, "one");
  const ExportResult many = run({.text = "abcdefgh"}, {.workers = 5}, "many");
  ASSERT_EQ(one.paths.size(), many.paths.size());
  for (std::size_t i = 0; i < one.paths.size(); ++i) {
    const std::string name = fs::relative(one.paths[i], root_ / "one").string();
    EXPECT_EQ(fs::relative(many.paths[i], root_ / "many").string(), name);
    EXPECT_EQ(bytes("one/" + name), bytes("many/" + name));
  }
}

TEST_F(ExportMapsTest, AreNotDrawnOfNumbersThatAreNone) {
  model_.not_a_number = true;
  EXPECT_EQ(refusal({.text = "abc"}), ErrorKind::kInput);
  EXPECT_FALSE(fs::exists(root_ / "maps"));
}

TEST_F(ExportMapsTest, RefuseWhatTheModelCannotDo) {
  model_.settings.max_length = 5;
  EXPECT_EQ(refusal({.text = "abcde"}), ErrorKind::kInput);
  EXPECT_EQ(refusal({.text = "abcd", .generate = 2}), ErrorKind::kInput) << "no position is left";
  model_.settings.max_length.reset();
  EXPECT_EQ(refusal({.text = "abc"}, {.layers = {1, 9}}), ErrorKind::kUsage);
  EXPECT_EQ(refusal({.text = "abc"}, {.heads = {3}}), ErrorKind::kUsage);
  EXPECT_EQ(refusal({.text = "abc"}, {.kinds = {AttentionKind::kCross}}), ErrorKind::kUsage);
  model_.causal = false;
  EXPECT_EQ(refusal({.text = "abc", .generate = 2}), ErrorKind::kInput);
}

TEST_F(ExportMapsTest, RefuseATargetAndItsAttentionWithoutADryRunToo) {
  model_.dry_run_fails = true;
  EXPECT_EQ(refusal({.text = "abc", .target = "d"}), ErrorKind::kUsage);
  EXPECT_EQ(refused_, "a target was given, but 'even.pt' is no encoder–decoder");
  EXPECT_EQ(refusal({.text = "abc"}, {.kinds = {AttentionKind::kCross}}), ErrorKind::kUsage);
  EXPECT_NE(refused_.find("'even.pt' takes no target"), std::string::npos) << refused_;
  EXPECT_EQ(refusal({.text = "abc"}, {.kinds = {AttentionKind::kEncoder}}), ErrorKind::kInput);
  EXPECT_EQ(refused_, "query 3 was asked for, but the model gave no encoder attention of it");
  EXPECT_EQ(run({.text = "abc"}, {.png = false}).paths.size(), 5U) << "what it has is drawn";
}

TEST_F(ExportMapsTest, SayWhenNothingWasGenerated) {
  model_.answer = "";
  run({.text = "abc", .generate = 2});
  EXPECT_EQ(listener_.warnings.size(), 1U);
  EXPECT_EQ(read("maps/manifest.json")["outputs"].size(), 0U);
}

TEST_F(ExportMapsTest, StopWhenTheListenerSaysSo) {
  listener_.stop = true;
  EXPECT_EQ(refusal({.text = "abc"}), ErrorKind::kInterrupted);
  EXPECT_FALSE(fs::exists(root_ / "maps/manifest.json")) << "a folder without a manifest is not whole";
}

}  // namespace
}  // namespace attnviz::run
