#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "attnviz/report.h"

namespace attnviz::report {
namespace {

using nlohmann::json;

Manifest sample() {
  Manifest manifest;
  manifest.model = {"model.pt", std::string(64, 'a'), 4, 8, {AttentionKind::kSelf}, true, "softmax"};
  manifest.options = {{"png", true},
                      {"generate", std::int64_t{8}},
                      {"rollout_residual", 0.5},
                      {"scale", std::string("sqrt")},
                      {"reduce", std::vector<std::string>{"mean", "max"}},
                      {"layers", std::vector<std::int64_t>{0, 3}}};
  auto sequence = std::make_shared<Sequence>();
  sequence->text = "hi";
  sequence->generated = " you";
  sequence->units.resize(2);
  manifest.source = sequence;
  manifest.outputs = {{1, {{"json", "tokens/00001-you.json"}, {"png", "tokens/00001-you.png"}}},
                      {2, {{"json", "tokens/00002.json"}}}};
  manifest.audit = {{.layer = 2, .heads = 8, .row_sum_error = 1e-7, .above_diagonal = 0.25}};
  manifest.warnings = {"look out"};
  return manifest;
}

TEST(ManifestJson, HasEveryFieldOfTheSchema) {
  const json read = json::parse(manifest_json(sample()));
  EXPECT_EQ(read["schema"], "attnviz.manifest/1");
  EXPECT_EQ(read["attnviz"], version());
  EXPECT_EQ(read["model"]["sha256"], std::string(64, 'a'));
  EXPECT_EQ(read["model"]["attention"], json::parse(R"(["self"])"));
  EXPECT_EQ(
      read["options"],
      json::parse(
          R"({"png":true,"generate":8,"rollout_residual":0.5,"scale":"sqrt","reduce":["mean","max"],"layers":[0,3]})"));
  EXPECT_EQ(read["text"], "hi");
  EXPECT_EQ(read["generated_text"], " you");
  EXPECT_EQ(read["tokens"].size(), 2U);
  EXPECT_EQ(read["outputs"][0]["png"], "tokens/00001-you.png");
  EXPECT_EQ(read["outputs"][1]["png"], nullptr);
  EXPECT_EQ(read["audit"]["layers"][0]["layer"], 2);
  EXPECT_FLOAT_EQ(read["audit"]["layers"][0]["above_diagonal"].get<float>(), 0.25F);
  EXPECT_EQ(read["warnings"], json::parse(R"(["look out"])"));
  EXPECT_FALSE(read.contains("heads"));
}

TEST(ManifestJson, SaysLookingAheadOnlyOfCausalModels) {
  Manifest manifest = sample();
  manifest.model.causal = false;
  EXPECT_FALSE(json::parse(manifest_json(manifest))["audit"]["layers"][0].contains("above_diagonal"));
}

TEST(ManifestJson, LookingAheadIsOfKindsThatMayBeCausal) {
  Manifest manifest = sample();
  manifest.audit.clear();
  for (const AttentionKind kind : kAttentionKinds) manifest.audit.push_back({.kind = kind});
  const json written = json::parse(manifest_json(manifest));
  for (const json& layer : written["audit"]["layers"]) {
    const std::string kind = layer["attention"];
    EXPECT_EQ(layer.contains("above_diagonal"), kind == "self" || kind == "decoder") << kind;
  }
}

TEST(ManifestJson, HoldsWhereOutputsAndPartsLooked) {
  Manifest manifest = sample();
  manifest.segments = {{AttentionKind::kCross, {"fact", ""}, {1, 2}, {2, 2, {0.25F, 0.75F, 1, 0}}}};
  manifest.flows = {
      {AttentionKind::kEncoder, {"A", "B"}, {0, 3}, {{2, 2, {1, 0, 0.5F, 0.5F}}, {2, 2, {0, 1, 1, 0}}}}};
  const json read = json::parse(manifest_json(manifest));
  EXPECT_EQ(read["segments"], json::parse(R"([{"attention": "cross", "names": ["fact", ""], "outputs": [
      {"index": 1, "masses": [0.25, 0.75]}, {"index": 2, "masses": [1.0, 0.0]}]}])"));
  EXPECT_EQ(read["segment_flow"], json::parse(R"([{"attention": "encoder", "names": ["A", "B"], "layers": [
      {"layer": 0, "masses": [[1.0, 0.0], [0.5, 0.5]]}, {"layer": 3, "masses": [[0.0, 1.0], [1.0, 0.0]]}]}])"));
}

TEST(ManifestJson, HeadsHaveStatisticsOfRepeatsOnlyWhereTokensRepeat) {
  Manifest manifest = sample();
  manifest.heads = {
      {.layer = 1, .head = 2, .entropy = 1.5, .sink = 0.25, .previous = 0.5, .self = 0.125, .queries = 7},
      {.induction = 0.75, .duplicate = 0}};
  const json heads = json::parse(manifest_json(manifest))["heads"];
  EXPECT_EQ(heads[0], json::parse(R"({"attention": "self", "layer": 1, "head": 2, "rows": 7, "entropy": 1.5,
      "sink": 0.25, "previous": 0.5, "self": 0.125})"));
  EXPECT_EQ(heads[1]["induction"], 0.75);
  EXPECT_EQ(heads[1]["duplicate"], 0.0);
}

TEST(ManifestJson, NamesFilesUnderTheMembersOfTheirFormats) {
  Manifest manifest = sample();
  manifest.files = {{"overview", "overview.png"}, {"npz", "attention.npz"}};
  const std::string text = manifest_json(manifest);
  const json read = json::parse(text);
  EXPECT_EQ(read["overview"], "overview.png");
  EXPECT_EQ(read["npz"], "attention.npz");
  EXPECT_FALSE(read.contains("segments_png"));
  const std::string first_output = text.substr(text.find("\"outputs\""));
  EXPECT_LT(first_output.find("\"png\""), first_output.find("\"json\"")) << "in the order of the formats";
}

TEST(ManifestJson, ATokenSaysWhereItStandsAndAWordHowManyItHolds) {
  Manifest manifest = sample();
  auto sequence = std::make_shared<Sequence>();
  sequence->text = "two words";
  sequence->pair = "pair";
  sequence->segments = {{"fact", {{0, 9}}}};
  sequence->units = {{.id = 1, .label = "[CLS]", .special = true},
                     {.id = 2, .label = "two", .place = TextSpan{{0, 3}}, .segment = 0},
                     {.id = 3, .label = "pair", .place = TextSpan{{0, 4}, true}}};
  sequence->merged = {{0, 1}, {1, 3}, {3, 4}};
  manifest.source = sequence;
  const json tokens = json::parse(manifest_json(manifest))["tokens"];
  EXPECT_EQ(tokens, json::parse(R"([
      {"index": 0, "tokens": 1, "id": 1, "text": "[CLS]", "begin": null, "end": null, "special": true},
      {"index": 1, "tokens": 2, "id": 2, "text": "two", "begin": 0, "end": 3, "special": false, "segment": "fact"},
      {"index": 3, "tokens": 1, "id": 3, "text": "pair", "begin": 0, "end": 4, "special": false}])"));
}

TEST(ManifestJson, NamesBothTextsOfAnEncoderDecoder) {
  Manifest manifest = sample();
  auto target = std::make_shared<Sequence>();
  target->text = "du";
  target->units.resize(1);
  manifest.target = target;
  const json read = json::parse(manifest_json(manifest));
  EXPECT_EQ(read["target_text"], "du");
  EXPECT_EQ(read["target_tokens"].size(), 1U);
}

}  // namespace
}  // namespace attnviz::report
