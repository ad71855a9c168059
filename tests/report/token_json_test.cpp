#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "attnviz/report.h"
#include "reductions.h"

namespace attnviz::report {
namespace {

using nlohmann::json;

TokenMap sample_map() {
  auto sequence = std::make_shared<Sequence>();
  sequence->text = "a \"b\"";
  sequence->generated = "c";
  sequence->segments = {{"seg", {{0, 5}}}};
  sequence->units.resize(3);
  sequence->units[0] = {.id = 101, .label = "[CLS]", .special = true};
  sequence->units[1] = {.id = 7, .label = "\"b\"", .place = TextSpan{{2, 5}}, .segment = 0};
  sequence->units[2] = {.id = 8, .label = "c", .place = TextSpan{{5, 6}}};
  AttentionView view;
  view.sequence = sequence;
  view.sources = {0, 1, 2};
  view.layers = {0, 1};
  view.reductions = {{&test::kMean, {2, 3, {0.1F, 0.2F, 0.7F, 0.3F, 0.3F, 0.4F}}, {0.2F, 0.25F, 0.55F}}};
  view.heads = {0};
  view.per_head = {{1, 3, {1, 0, 0}}, {1, 3, {0, 1, 0}}};
  view.segments = {{"seg", 0.25}, {"", 0.75}};
  return {{.index = 3, .id = 9, .text = "d", .query = 2, .generated = true, .probability = 0.5}, {view}};
}

TEST(TokenJson, HasEveryFieldOfTheSchema) {
  const json read = json::parse(token_json(sample_map()));
  EXPECT_EQ(read["schema"], "attnviz.token/1");
  EXPECT_EQ(read["token"],
            json::parse(R"({"index":3,"id":9,"text":"d","query":2,"generated":true,"probability":0.5})"));
  const json& view = read["views"][0];
  EXPECT_EQ(view["attention"], "self");
  EXPECT_EQ(view["sources"][0],
            json::parse(R"({"index":0,"id":101,"text":"[CLS]","begin":null,"end":null,"special":true})"));
  EXPECT_EQ(
      view["sources"][1],
      json::parse(R"({"index":1,"id":7,"text":"\"b\"","begin":2,"end":5,"special":false,"segment":"seg"})"));
  EXPECT_EQ(view["sources"][2]["begin"], nullptr) << "generated text is not of the input";
  EXPECT_EQ(view["reductions"]["mean"]["layers"].size(), 2U);
  EXPECT_EQ(view["reductions"]["mean"]["layers"][1].size(), 3U);
  EXPECT_EQ(view["heads"], json::parse("[[[1.0,0.0,0.0]],[[0.0,1.0,0.0]]]"));
  EXPECT_EQ(view["segments"], json::parse(R"({"seg":0.25,"":0.75})"));
  EXPECT_EQ(view["removed_mass"], 0);
}

TEST(TokenJson, LeavesOutWhatWasNotAskedFor) {
  TokenMap map = sample_map();
  map.token.probability.reset();
  map.views[0].per_head.clear();
  map.views[0].segments.clear();
  const json read = json::parse(token_json(map));
  EXPECT_FALSE(read["token"].contains("probability"));
  EXPECT_FALSE(read["views"][0].contains("heads"));
  EXPECT_FALSE(read["views"][0].contains("segments"));
}

TEST(TokenJson, NumbersReadBackTheSameInTheFewestDigits) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> exponent(-30, 0);
  TokenMap map = sample_map();
  auto& values = map.views[0].reductions[0].overall;
  values = {0.1F, 1.0F / 3, 1e-38F};
  for (int i = 0; i < 500; ++i) values.push_back(std::exp2(exponent(random)));
  const std::string text = token_json(map);
  const json read = json::parse(text);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(read["views"][0]["reductions"]["mean"]["overall"][i].get<float>(), values[i]);
  }
  EXPECT_NE(text.find("[0.1, 0.33333334, 1e-38, "), std::string::npos);
}

TEST(TokenJson, NonFiniteNumbersBecomeNull) {
  TokenMap map = sample_map();
  map.views[0].reductions[0].overall = {NAN, INFINITY, 1};
  const json read = json::parse(token_json(map));
  EXPECT_EQ(read["views"][0]["reductions"]["mean"]["overall"], json::parse("[null,null,1.0]"));
}

TEST(TokenJson, KeepsAwkwardTextReadable) {
  TokenMap map = sample_map();
  map.token.text = std::string("\x01\"\\\n\xE2\x80\xA8\0z", 9);
  EXPECT_EQ(json::parse(token_json(map))["token"]["text"], map.token.text);
}

TEST(TokenFile, IsPaddedAndPlain) {
  EXPECT_EQ(token_file(12, "Poldo", "png"), "tokens/00012-Poldo.png");
  EXPECT_EQ(token_file(123456, "a", "json"), "tokens/123456-a.json");
  EXPECT_EQ(token_file(0, "../../etc", "png"), "tokens/00000-etc.png");
  EXPECT_EQ(token_file(5, "дом", "png"), "tokens/00005.png");
  EXPECT_EQ(token_file(5, "", "png"), "tokens/00005.png");
  EXPECT_EQ(token_file(7, std::string(60, 'x'), "png"), "tokens/00007-" + std::string(24, 'x') + ".png");
}

}  // namespace
}  // namespace attnviz::report
