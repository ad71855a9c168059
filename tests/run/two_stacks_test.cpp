// Encoder–decoders: what their output tokens are, and which attention each has.
#include <gmock/gmock.h>

#include "run/maps_fixture.h"

namespace attnviz::run {
namespace {

namespace fs = std::filesystem;
using testing::json;

class TwoStacksTest : public testing::MapsTest<testing::MirrorModel> {
 protected:
  json view(const std::string& file, const std::string& attention) const {
    const json map = read(file);
    for (const json& one : map["views"]) {
      if (one["attention"] == attention) return one;
    }
    ADD_FAILURE() << "no view " << attention;
    return {};
  }
};

TEST_F(TwoStacksTest, GenerateFromTheStartToken) {
  const ExportResult result = run({.text = "abc", .generate = 2});
  EXPECT_EQ(result.generated, "xy");
  EXPECT_EQ(model_.prompt.target_ids, (std::vector<std::int64_t>{'>'}));
  EXPECT_EQ(model_.seen.target_ids, (std::vector<std::int64_t>{'>', 'x', 'y'}));
  const json token = read("maps/tokens/00002-y.json")["token"];
  EXPECT_EQ(token,
            json::parse(R"({"index":2,"id":121,"text":"y","query":1,"generated":true,"probability":0.5})"));
  const json manifest = read("maps/manifest.json");
  EXPECT_EQ(manifest["generated_text"], "xy");
  EXPECT_EQ(manifest["target_tokens"].size(), 3U);
}

TEST_F(TwoStacksTest, HaveACrossViewOfTheSourceAndADecoderViewOfTheirPast) {
  run({.text = "abc", .generate = 3});
  const json cross = view("maps/tokens/00003-z.json", "cross"),
             past = view("maps/tokens/00003-z.json", "decoder");
  ASSERT_EQ(cross["sources"].size(), 4U) << "template and three letters";
  EXPECT_EQ(cross["reductions"]["mean"]["overall"], json::parse("[0.0,0.0,1.0,0.0]"));
  ASSERT_EQ(past["sources"].size(), 3U) << "the start token and two letters";
  EXPECT_EQ(past["sources"][2]["text"], "y");
  for (const json& weight : past["reductions"]["mean"]["overall"])
    EXPECT_FLOAT_EQ(weight.get<float>(), 1.0F / 3);
}

TEST_F(TwoStacksTest, MapATargetThatIsGiven) {
  run({.text = "abc", .target = "uv"});
  EXPECT_EQ(model_.seen.target_ids, (std::vector<std::int64_t>{'>', '^', 'u', 'v'})) << "with its template";
  EXPECT_EQ(read("maps/manifest.json")["outputs"].size(), 3U);
  EXPECT_EQ(read("maps/tokens/00003-v.json")["token"]["query"], 2);
  run({.text = "abc", .target_ids = {'>', 'u'}}, {}, "ids");
  EXPECT_EQ(model_.seen.target_ids, (std::vector<std::int64_t>{'>', 'u'})) << "the start is not doubled";
}

TEST_F(TwoStacksTest, GoOnWithTheBeginningOfATarget) {
  run({.text = "abc", .target = "u", .generate = 1});
  EXPECT_EQ(model_.prompt.target_ids, (std::vector<std::int64_t>{'>', 'u'})) << "no template within a text";
  EXPECT_EQ(read("maps/manifest.json")["outputs"].size(), 1U);
  EXPECT_EQ(read("maps/tokens/00002-x.json")["token"]["query"], 1);
}

TEST_F(TwoStacksTest, RolloutsOfBothViewsSumToOne) {
  run({.text = "abcdef", .generate = 3});
  double sum = 0;
  for (const char* attention : {"cross", "decoder"}) {
    const json rollout = view("maps/tokens/00002-y.json", attention)["reductions"]["rollout"]["overall"];
    for (const json& weight : rollout) sum += weight.get<double>();
  }
  EXPECT_NEAR(sum, 1.0, 1e-6);
}

TEST_F(TwoStacksTest, CaptureNoMoreThanTheReductionsNeed) {
  run({.text = "abc", .generate = 3, .tokens = {{3}}}, {.reductions = testing::named({"mean"})});
  EXPECT_THAT(model_.asked.kinds,
              ::testing::UnorderedElementsAre(AttentionKind::kCross, AttentionKind::kDecoder));
  run({.text = "abc", .generate = 1}, {.reductions = testing::named({"rollout"})}, "rollout");
  EXPECT_TRUE(model_.asked.kinds.empty()) << "rollout runs through both stacks";
}

TEST_F(TwoStacksTest, OfTheEncoderAloneAreMapsOfTheSource) {
  run({.text = "abc"}, {.kinds = {AttentionKind::kEncoder}});
  const json manifest = read("maps/manifest.json");
  EXPECT_EQ(manifest["outputs"].size(), 4U);
  EXPECT_EQ(view("maps/tokens/00002-b.json", "encoder")["sources"].size(), 4U);
  EXPECT_EQ(refusal({.text = "abc", .generate = 2}, {.kinds = {AttentionKind::kEncoder}}), ErrorKind::kUsage);
}

TEST_F(TwoStacksTest, TieSegmentsToTheSource) {
  run({.segments = {{"one", "ab"}, {"two", "c"}}, .generate = 3});
  const json cross = view("maps/tokens/00003-z.json", "cross");
  EXPECT_FLOAT_EQ(cross["segments"]["one"].get<float>(), 1.0F);
  EXPECT_FALSE(view("maps/tokens/00003-z.json", "decoder").contains("segments"));
  const json table = read("maps/manifest.json")["segments"].at(0);
  EXPECT_EQ(table["names"], json::parse(R"(["one","two",""])"));
  EXPECT_EQ(table["outputs"].at(2)["masses"], json::parse("[1.0,0.0,0.0]"));
  EXPECT_TRUE(fs::exists(root_ / "maps/segments.png"));
}

TEST_F(TwoStacksTest, AreRefusedWithoutADecoderSideInOneSentence) {
  EXPECT_EQ(refusal({.text = "abc"}), ErrorKind::kUsage);
  EXPECT_EQ(refusal({.text = "abc", .generate = 2}, {.kinds = {AttentionKind::kSelf}}), ErrorKind::kUsage);
  model_.settings.decoder_start.reset();
  EXPECT_EQ(refusal({.text = "abc", .generate = 2}), ErrorKind::kInput) << "nothing to start from";
}

TEST_F(TwoStacksTest, AreToldWhichAttentionLacksTheQueryOfAnOutput) {
  model_.crossing = 2;
  EXPECT_EQ(
      refusal({.text = "abc", .generate = 3, .tokens = {{3}}}, {.reductions = testing::named({"mean"})}),
      ErrorKind::kInput);
  EXPECT_EQ(
      refused_,
      "the model's cross attention has no query 2, which output token 3 needs; ask for other tokens, or "
      "leave it out with --attention");
  EXPECT_FALSE(fs::exists(root_ / "maps/manifest.json"));
  run({.text = "abc", .generate = 3, .tokens = {{3}}},
      {.reductions = testing::named({"mean"}), .kinds = {AttentionKind::kDecoder}});
  EXPECT_EQ(read("maps/manifest.json")["outputs"].size(), 1U);
}

TEST_F(TwoStacksTest, RunAsEverWhereTheirDryRunFailed) {
  model_.dry_run_fails = true;
  EXPECT_EQ(refusal({.text = "abc"}), ErrorKind::kUsage);
  EXPECT_NE(refused_.find("'mirror.pt' is an encoder–decoder; say what its decoder reads"), std::string::npos)
      << refused_;
  run({.text = "abc", .target = "uv"});
  EXPECT_EQ(read("maps/manifest.json")["outputs"].size(), 3U);
}

TEST_F(TwoStacksTest, WriteTheirArraysForEachKind) {
  run({.text = "abc", .generate = 2}, {.per_head = true, .npz = true});
  const std::string arrays = bytes("maps/attention.npz");
  for (const char* name : {"cross.mean.npy", "cross.max.npy", "cross.rollout.npy", "cross.heads.npy",
                           "cross.queries.npy", "decoder.outputs.npy", "decoder.rollout.npy"}) {
    EXPECT_NE(arrays.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(arrays.find("encoder.mean"), std::string::npos) << "not asked for";
}

}  // namespace
}  // namespace attnviz::run
