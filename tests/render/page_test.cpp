/// What pages say and mark: titles, notes, annotations, masses, the query, telling heads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "render/fixtures.h"
#include "render/token_page.h"
#include "render/unicode.h"

namespace attnviz::render {
namespace {

class PageTest : public ::testing::Test {
 protected:
  const Scene& draw(const TokenMap& map, const ColorTop& top = {}) {
    draw_token_page(pen_, map, top, [&](const auto& sequence, int width) {
      return std::make_shared<const ReadingLayout>(lay_out_reading(shaper_, *sequence, width));
    });
    return scene_;
  }

  /// How often `text` stands on the page in this size; lines are remembered, so equal ones are one object.
  int count(const std::string& text, int size) {
    const auto wanted = shaper_.line(text, size);
    return static_cast<int>(
        std::count_if(scene_.items().begin(), scene_.items().end(), [&](const Item& item) {
          const auto* found = std::get_if<Text>(&item);
          return found != nullptr && found->shaped == wanted;
        }));
  }
  int count(Role role) {
    return static_cast<int>(
        std::count_if(scene_.items().begin(), scene_.items().end(), [&](const Item& item) {
          const auto* found = std::get_if<Text>(&item);
          return found != nullptr && found->role == role;
        }));
  }
  std::vector<Fill> fills(std::uint8_t color) {
    std::vector<Fill> found;
    for (const Item& item : scene_.items()) {
      const auto* fill = std::get_if<Fill>(&item);
      if (fill != nullptr && fill->color == color) found.push_back(*fill);
    }
    return found;
  }

  RenderOptions options_;
  Fonts fonts_{{}, false};
  Shaper shaper_{fonts_};
  Scene scene_;
  Pen pen_{scene_, shaper_, options_};
};

TokenMap small_map(const test::MapShape& shape = {.layers = 2, .reductions = {"mean"}}) {
  return test::make_map(test::encode("the cat sat down"), 2, shape);
}

/// The same on a page on which every note fits into one line.
TokenMap wide_map(const test::MapShape& shape = {.layers = 2, .reductions = {"mean"}}) {
  return test::make_map(test::encode("the cat sat down " + test::long_text(60)), 2, shape);
}

TEST_F(PageTest, TitleNamesTheTokenAndHowItCameAbout) {
  draw(small_map());
  EXPECT_EQ(count("3", kTitleSize), 1);
  EXPECT_EQ(count("“down”", kTitleSize), 1);
  EXPECT_EQ(count("generated with probability 0.973 · query at position 2 “sat” · mean · sqrt scale, shared "
                  "by the run",
                  kLabelSize),
            1);
}

TEST_F(PageTest, ATokenThatIsItsOwnQueryIsNamedByItsPosition) {
  TokenMap map = small_map();
  map.token.index = map.token.query;
  map.token.generated = false;
  map.token.probability.reset();
  options_.scale = ColorScale::kLog;
  options_.top = {ScaleTop::Kind::kValue, 0.25};
  draw(map);
  EXPECT_EQ(count("position 2 · mean · log scale, up to 0.25", kLabelSize), 1);
}

TEST_F(PageTest, AClippedSinkIsNotedWithItsTrueWeight) {
  TokenMap map = small_map();
  map.views[0].reductions[0].layers.values = {0.9F, 0.05F, 0.05F, 0.8F, 0.1F, 0.1F};
  map.views[0].reductions[0].overall = {0.85F, 0.075F, 0.075F};
  draw(map);
  EXPECT_EQ(count("sink “the” clipped, up to 0.9", kLabelSize), 1);
  EXPECT_FALSE(fills(color::kOver).empty()) << "the arrow of the colour bar and the word";
}

TEST_F(PageTest, WhatIsClippedWithoutBeingASinkIsNotedToo) {
  options_.top = {ScaleTop::Kind::kValue, 0.2};
  TokenMap map = small_map();
  map.views[0].reductions[0].layers.values = {0.1F, 0.7F, 0.2F, 0.1F, 0.8F, 0.1F};
  map.views[0].reductions[0].overall = {0.1F, 0.75F, 0.15F};
  draw(map);
  EXPECT_EQ(count("above 0.2 clipped: “cat”, up to 0.8", kLabelSize), 1);
}

TEST_F(PageTest, NothingClippedMeansNoArrowAndNoNote) {
  options_.top = {ScaleTop::Kind::kValue, 1};
  draw(small_map());
  EXPECT_TRUE(fills(color::kOver).empty());
}

TEST_F(PageTest, SharedColumnsAreSaid) {
  TokenMap map = test::make_map(test::only_ids(5000), 4999, {.layers = 1, .reductions = {"mean"}});
  options_.top = {ScaleTop::Kind::kValue, 1};
  draw(map);
  EXPECT_EQ(count("2 neighbouring sources share a column, drawn with their largest", kLabelSize), 1);
}

/// Position 1 of `map` is dropped.
TokenMap without_the_second(TokenMap map) {
  AttentionView& view = map.views[0];
  view.sources = {0, 2};
  for (ReducedAttention& reduced : view.reductions) {
    reduced.overall = {0.6F, 0.4F};
    reduced.layers = {2, 2, {0.5F, 0.5F, 0.7F, 0.3F}};
  }
  view.removed = {"special tokens", "sinks"};
  view.removed_mass = 0.43;
  return map;
}

TEST_F(PageTest, WhatWasDroppedIsSaidAndStaysInTheTextInGrey) {
  draw(without_the_second(wide_map({.layers = 2, .reductions = {"mean", "max", "rollout"}})));
  EXPECT_EQ(count("special tokens and sinks removed: 43 % of the mean attention; mean and rollout rows "
                  "re-normalised; grey in the text",
                  kLabelSize),
            1);
  EXPECT_EQ(fills(color::kMasked).size(), 2U) << "the key, and “cat”";
  EXPECT_EQ(count(Role::kColumn), 2) << "no column stands for it";
}

TEST_F(PageTest, OfMaximaNothingWasNormalised) {
  draw(without_the_second(wide_map({.layers = 2, .reductions = {"max"}})));
  EXPECT_EQ(
      count("special tokens and sinks removed: 43 % of the mean attention; grey in the text", kLabelSize), 1);
}

/// The tokens of `map` as words: "the cat" of two tokens, "sat", "down".
TokenMap in_words() {
  auto sequence = std::make_shared<Sequence>(*test::encode("the cat sat down"));
  sequence->units[0].label = "the cat";
  std::get<TextSpan>(sequence->units[0].place).end = sequence->units[1].text()->end;
  sequence->units.erase(sequence->units.begin() + 1);
  sequence->merged = {{0, 2}, {2, 3}, {3, 4}};
  TokenMap map = test::make_map(sequence, 1, {.layers = 2, .reductions = {"mean"}});
  map.token = {.index = 2, .text = "sat", .query = 2};
  return map;
}

TEST_F(PageTest, OfWordsTheOneThatHoldsTheQueryIsMarked) {
  draw(in_words());
  const auto frames = fills(color::kAccent);
  EXPECT_GE(frames.size(), 16U);
  EXPECT_EQ(count("position 2 · mean · sqrt scale, shared by the run", kLabelSize), 1);
}

TEST_F(PageTest, AWordOfSeveralTokensNamesTheirPositions) {
  TokenMap map = in_words();
  map.token = {.index = 0, .text = "the cat", .query = 1, .tokens = 2};
  draw(map);
  EXPECT_EQ(count("positions 0–1 · query at position 1 “the cat” · mean · sqrt scale, shared by the run",
                  kLabelSize),
            1);
}

TEST_F(PageTest, ManyWordsAreCountedAsWords) {
  auto sequence = std::make_shared<Sequence>(*test::encode(test::long_text(300)));
  for (std::size_t i = 0; i < sequence->units.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    sequence->merged.push_back({2 * at, 2 * at + 2});
  }
  draw(test::make_map(sequence, 250, {.layers = 1, .reductions = {"mean"}}));
  EXPECT_EQ(count("251 words, " + std::to_string(count(Role::kColumn)) +
                      " labelled: the first, the last, the most attended, and others where there is room",
                  kLabelSize),
            1);
}

TEST_F(PageTest, CaptionsNameTheLayersAndHeadsThatWereReduced) {
  TokenMap map = small_map({.layers = 3, .reductions = {"max", "rollout"}});
  map.views[0].layers = {0, 1, 7};
  map.views[0].selected_heads = {2, 3, 4};
  draw(map);
  EXPECT_EQ(count("text: largest over heads 2–4 of layers 0, 1, 7", kCaptionSize), 1);
  EXPECT_EQ(count("max over heads 2–4", kCaptionSize), 1);
  EXPECT_EQ(count("rollout from the input up to each layer, of heads 2–4", kCaptionSize), 1);
}

TEST_F(PageTest, TheTextHasAScaleOfItsOwnAndSaysSo) {
  TokenMap map = wide_map();
  map.views[0].reductions[0].layers.values = {0.2F, 0.73F, 0.07F, 0.9F, 0.05F, 0.05F};
  map.views[0].reductions[0].overall = {0.55F, 0.04F, 0.01F};
  draw(map);
  const Scale own(ColorScale::kSqrt, 0.04);
  EXPECT_EQ(fills(own.color(0.04F)).size(), 1U) << "the largest outside of the sink has the last colour";
  EXPECT_EQ(count("own scale, up to the largest weight outside of sinks · sink “the” clipped, up to 0.55",
                  kLabelSize),
            1);
}

TEST_F(PageTest, AScaleThatEndsNearOneEndsAtOneAndClipsNothing) {
  TokenMap map = small_map();
  map.views[0].reductions[0].layers.values = {0.04F, 0.95F, 0.01F, 0.99F, 0.005F, 0.005F};
  map.views[0].reductions[0].overall = {0.48F, 0.5F, 0.02F};
  ColorTop top;
  top.add(map);
  options_.scale = ColorScale::kLinear;
  draw(map, top);
  EXPECT_EQ(count("1", kLabelSize), 2) << "the end of the bar of colours, and layer 1";
  EXPECT_EQ(fills(color::kOver).size(), 0U) << "0.99 on “the” has a colour";
}

TEST_F(PageTest, AnnotationsGiveTheWeightsThatDoNotReadZero) {
  options_.annotate = true;
  TokenMap map = small_map();
  map.views[0].reductions[0].layers.values = {0.5F, 0.499F, 0.001F, 0.12F, 0.38F, 0.5F};
  map.views[0].reductions[0].overall = {0.31F, 0.44F, 0.25F};
  draw(map);
  EXPECT_EQ(count(Role::kCell), 5 + 3);
  EXPECT_EQ(count(".50", kCellTextSize), 3);
  EXPECT_EQ(count(".12", kCellTextSize), 1);
}

TEST_F(PageTest, AnnotationsAreLeftOutWhereTheyDoNotFit) {
  options_.annotate = true;
  draw(test::make_map(test::only_ids(400), 399, {.layers = 2, .reductions = {"mean"}, .sink = 0.5}));
  EXPECT_EQ(count(Role::kCell), 0);
}

TEST_F(PageTest, EveryReductionAndEveryLayerOfHeadsHasACaptionedPanel) {
  draw(small_map(
      {.layers = 2, .heads = 3, .reductions = {"mean", "max", "min", "rollout"}, .per_head = true}));
  for (const char* caption :
       {"mean over heads", "max over heads", "min over heads", "rollout from the input up to each layer",
        "heads of layer 0", "heads of layer 1"}) {
    EXPECT_EQ(count(caption, kCaptionSize), 1) << caption;
  }
  EXPECT_EQ(count("overall", kLabelSize), 4);
}

TEST_F(PageTest, WithoutTextThereIsNoReadingView) {
  draw(test::make_map(test::only_ids(6), 5, {}));
  EXPECT_EQ(count(Role::kReading), 0);
  EXPECT_EQ(count("the query", kLabelSize), 0);
}

TEST_F(PageTest, EverySegmentHasItsMassOnTheBarOrBelowIt) {
  std::vector<std::pair<std::string, std::string>> segments;
  for (int i = 0; i < 20; ++i) segments.push_back({"part " + std::to_string(i), "some words . "});
  const auto sequence = test::encode_segments(segments);
  const TokenMap map = test::make_map(sequence, static_cast<std::int64_t>(sequence->units.size()) - 1, {});
  draw(map);
  EXPECT_EQ(count(Role::kSegment), static_cast<int>(map.views[0].segments.size()));
  for (const auto& [name, text] : segments) EXPECT_EQ(count(name, kLabelSize), 1) << "in the margin";
}

TEST_F(PageTest, WordsLieOnTheColorOfTheirOverallWeight) {
  options_.top = {ScaleTop::Kind::kValue, 1};
  TokenMap map = small_map();
  map.views[0].reductions[0].overall = {0.2F, 0.5F, 0.3F};
  draw(map);
  const Scale scale(ColorScale::kSqrt, 1);
  for (const double weight : {0.2, 0.5, 0.3})
    EXPECT_EQ(fills(scale.color(static_cast<float>(weight))).size(), 1U);
  int dim = 0;
  for (const Item& item : scene_.items()) {
    const auto* text = std::get_if<Text>(&item);
    dim += text != nullptr && text->role == Role::kReading && text->ink == Ink::kDim ? 1 : 0;
  }
  EXPECT_EQ(dim, 1) << "what comes after the query is no source";
}

TEST_F(PageTest, TheQueryIsFramedButNotInCrossAttention) {
  draw(small_map());
  EXPECT_EQ(count("the query", kLabelSize), 1);
  const std::size_t framed = fills(color::kAccent).size();
  EXPECT_GE(framed, 16U) << "two frames of four edges, on the word and in the key";
  scene_ = {};
  draw(small_map({.layers = 2, .reductions = {"mean"}, .kind = AttentionKind::kCross}));
  EXPECT_TRUE(fills(color::kAccent).empty());
}

TEST_F(PageTest, SeveralViewsHaveTitles) {
  TokenMap map = small_map({.kind = AttentionKind::kDecoder});
  map.views.insert(map.views.begin(), small_map({.kind = AttentionKind::kCross}).views[0]);
  draw(map);
  EXPECT_EQ(count("cross-attention over the source", kCaptionSize + 1), 1);
  EXPECT_EQ(count("decoder self-attention over what was written before", kCaptionSize + 1), 1);
}

TEST_F(PageTest, TheTopOfTheRunIsWrittenOnTheColorBar) {
  TokenMap map = small_map();
  map.views[0].reductions[0].layers.values = {0.2F, 0.73F, 0.07F, 0.2F, 0.4F, 0.4F};
  map.views[0].reductions[0].overall = {0.2F, 0.5F, 0.3F};
  ColorTop top;
  top.add(map);
  draw(map, top);
  EXPECT_EQ(count("0.73", kLabelSize), 1);
}

TEST_F(PageTest, FirstAndLastLayerAreLabelledHoweverManyThereAre) {
  for (const int layers : {1, 2, 13, 48, 96, 500}) {
    scene_ = {};
    draw(small_map({.layers = layers, .reductions = {"mean"}}));
    EXPECT_GE(count("0", kLabelSize), 1);
    EXPECT_GE(count(std::to_string(layers - 1), kLabelSize), 1) << layers;
  }
}

}  // namespace
}  // namespace attnviz::render
