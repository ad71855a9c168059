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
