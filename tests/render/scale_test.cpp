/// Weights to colours against the formulas of RENDERING.md, rules 1 to 3.
#include "render/scale.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reductions.h"
#include "render/colors.h"
#include "render/fixtures.h"

namespace attnviz::render {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Scale, PlacesFollowTheFormulas) {
  EXPECT_DOUBLE_EQ(Scale(ColorScale::kSqrt, 0.5).place(0.125), 0.5);
  EXPECT_DOUBLE_EQ(Scale(ColorScale::kLinear, 0.5).place(0.125), 0.25);
  EXPECT_NEAR(Scale(ColorScale::kLog, 1.0).place(1e-2), 0.5, 1e-12);
}

TEST(Scale, LogHasAFloor) {
  const Scale scale(ColorScale::kLog, 1.0);
  EXPECT_EQ(scale.place(1e-4), 0);
  EXPECT_EQ(scale.place(0), 0);
  EXPECT_EQ(scale.color(5e-5), 0);
  EXPECT_GT(Scale(ColorScale::kLog, 1e-5).color(9e-6), 200) << "a top below the floor brings its own";
}

TEST(Scale, WeightUndoesPlace) {
  for (const ColorScale kind : {ColorScale::kSqrt, ColorScale::kLinear, ColorScale::kLog}) {
    for (const double top : {1.0, 0.3, 0.004, 2.5}) {
      const Scale scale(kind, top);
      for (int i = 1; i <= 20; ++i) EXPECT_NEAR(scale.place(scale.weight(i / 20.0)), i / 20.0, 1e-12);
    }
  }
}

TEST(Scale, ColorsRiseWithTheWeightFromTheFirstStepToTheLast) {
  for (const ColorScale kind : {ColorScale::kSqrt, ColorScale::kLinear, ColorScale::kLog}) {
    const Scale scale(kind, 0.7);
    EXPECT_EQ(scale.color(0), 0);
    EXPECT_EQ(scale.color(0.7), kColorSteps - 1);
    for (int i = 1; i <= 700; ++i) EXPECT_GE(scale.color(i / 1000.0), scale.color((i - 1) / 1000.0));
  }
}

TEST(Scale, AboveTheTopIsOverAndNotFiniteIsHatched) {
  const Scale scale(ColorScale::kSqrt, 0.5);
  EXPECT_EQ(scale.color(0.51), color::kOver);
  EXPECT_EQ(scale.color(0.5F), kColorSteps - 1);
  EXPECT_EQ(scale.color(kNan), color::kHatch);
  EXPECT_EQ(scale.color(std::numeric_limits<double>::infinity()), color::kHatch);
}

TEST(Scale, ATopThatIsNoneBecomesOne) {
  for (const double top : {0.0, -1.0, kNan}) EXPECT_EQ(Scale(ColorScale::kSqrt, top).top(), 1.0);
}

TEST(Scale, TicksAreTrueWeightsApartFromEachOtherWithBothEnds) {
  for (const ColorScale kind : {ColorScale::kSqrt, ColorScale::kLinear, ColorScale::kLog}) {
    for (const double top : {1.0, 0.93, 0.31, 0.05, 0.0043, 3e-7, 12.0}) {
      const Scale scale(kind, top);
      const auto ticks = scale.ticks(0.2);
      ASSERT_GE(ticks.size(), 3U) << to_string(kind) << " up to " << top;
      EXPECT_EQ(ticks.front().place, 0);
      EXPECT_EQ(ticks.back().weight, top);
      for (std::size_t i = 1; i < ticks.size(); ++i) {
        EXPECT_GE(ticks[i].place - ticks[i - 1].place, 0.2 - 1e-9);
        EXPECT_NEAR(ticks[i].place, scale.place(ticks[i].weight), 1e-12);
        EXPECT_NEAR(std::stod(ticks[i].text), ticks[i].weight, 0.06 * ticks[i].weight) << ticks[i].text;
      }
    }
  }
}

TEST(DifferenceScale, IsTheScaleOfWeightsMirroredAtZero) {
  for (const ColorScale kind : {ColorScale::kSqrt, ColorScale::kLinear, ColorScale::kLog}) {
    const Scale one_side(kind, 0.4);
    const Scale scale(kind, 0.4, true);
    EXPECT_EQ(scale.color(0), kZero);
    EXPECT_EQ(scale.color(0.4), kDifferenceSteps - 1);
    EXPECT_EQ(scale.color(-0.4), 0);
    for (const double weight : {1e-6, 0.001, 0.02, 0.3, 0.4}) {
      EXPECT_DOUBLE_EQ(scale.place(weight), 0.5 + one_side.place(weight) / 2);
      EXPECT_DOUBLE_EQ(scale.place(-weight), 0.5 - one_side.place(weight) / 2);
      EXPECT_EQ(scale.color(weight) + scale.color(-weight), 2 * kZero);
    }
    for (int i = 0; i < 20; ++i) EXPECT_NEAR(scale.place(scale.weight(i / 19.0)), i / 19.0, 1e-9);
  }
}

TEST(DifferenceScale, WhatIsBeyondTheTopKeepsItsSign) {
  const Scale scale(ColorScale::kSqrt, 0.4, true);
  EXPECT_EQ(scale.color(0.5), color::kOver);
  EXPECT_EQ(scale.color(-0.5), kUnder);
  EXPECT_EQ(scale.color(kNan), color::kHatch);
}

TEST(DifferenceScale, TicksLieOnBothSidesOfZero) {
  for (const ColorScale kind : {ColorScale::kSqrt, ColorScale::kLinear, ColorScale::kLog}) {
    const auto ticks = Scale(kind, 0.37, true).ticks(0.2);
    ASSERT_GE(ticks.size(), 3U);
    EXPECT_EQ(ticks.front().text, "−0.37");
    EXPECT_EQ(ticks.back().text, "+0.37");
    EXPECT_EQ(ticks[ticks.size() / 2].text, "0");
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      EXPECT_NEAR(ticks[i].place + ticks[ticks.size() - 1 - i].place, 1, 1e-12);
      EXPECT_GE(i == 0 ? 1 : ticks[i].place - ticks[i - 1].place, 0.2 - 1e-12);
    }
  }
}

TEST(WeightText, IsShortAndTrue) {
  const std::pair<double, const char*> kCases[] = {
      {0, "0"},           {1, "1"},       {0.93, "0.93"}, {0.1, "0.1"}, {0.012, "0.012"}, {0.5, "0.5"},
      {3.1e-4, "3.1e-4"}, {2e-4, "2e-4"}, {12, "12"},     {0.999, "1"}, {kNan, "nan"},    {0.0999, "0.1"}};
  for (const auto& [weight, text] : kCases) EXPECT_EQ(weight_text(weight), text);
  EXPECT_EQ(weight_text(0.9731, 3), "0.973");
  EXPECT_EQ(weight_text(-0.25), "−0.25");
}

TEST(Sink, IsFirstOrSpecialWithAMeanOfAtLeastThreeTenths) {
  const Matrix weights = {2, 4, {0.5F, 0.2F, 0.4F, 0.9F, 0.1F, 0.2F, 0.1F, 0.9F}};
  const std::vector<std::uint8_t> special = {0, 1, 0, 1};
  EXPECT_EQ(sink_columns(weights, {}, special, true), (std::vector<std::uint8_t>{1, 0, 0, 1}));
  EXPECT_EQ(sink_columns(weights, {}, special, false), (std::vector<std::uint8_t>{0, 0, 0, 1}));
  EXPECT_EQ(sink_columns(weights, {}, {}, true), (std::vector<std::uint8_t>{1, 0, 0, 0}));
}

TEST(Sink, MaskedAndNotFiniteWeightsDoNotCount) {
  const Matrix weights = {3, 1, {0.4F, 0.0F, std::numeric_limits<float>::quiet_NaN()}};
  const std::vector<std::uint8_t> masked = {0, 1, 0};
  EXPECT_EQ(sink_columns(weights, masked, {}, true), (std::vector<std::uint8_t>{1}));
}

TEST(LargestWeight, LeavesOutWhatItIsTold) {
  const Matrix weights = {2, 3, {0.9F, 0.2F, 0.1F, 0.8F, 0.3F, std::numeric_limits<float>::infinity()}};
  EXPECT_FLOAT_EQ(static_cast<float>(largest_weight(weights, {}, std::vector<std::uint8_t>{1, 0, 0})), 0.3F);
  EXPECT_FLOAT_EQ(
      static_cast<float>(largest_weight(weights, std::vector<std::uint8_t>{1, 0, 0, 0, 0, 0}, {})), 0.8F);
  EXPECT_EQ(largest_weight(weights, {}, std::vector<std::uint8_t>{1, 1, 1}), 0);
}

// ---------------------------------------------------------------------------------------------- of a whole
// run

/// The top as RENDERING.md, rule 2, says it, by loops.
double reference_top(const std::vector<TokenMap>& maps, const std::string& reduction) {
  double top = 0;
  for (const TokenMap& map : maps) {
    const AttentionView& view = map.views[0];
    for (const ReducedAttention& reduced : view.reductions) {
      if (reduced.reduction->name != reduction) continue;
      for (std::size_t source = 0; source < view.sources.size(); ++source) {
        const bool special = view.sequence->units[source].special;
        double mean = 0;
        double largest = reduced.overall[source];
        for (std::int64_t layer = 0; layer < reduced.layers.rows; ++layer) {
          const double weight = reduced.layers.at(layer, static_cast<std::int64_t>(source));
          mean += weight / static_cast<double>(reduced.layers.rows);
          largest = std::max(largest, weight);
        }
        const bool sink = (special || source == 0) && mean >= 0.3;
        if (!special && !sink) top = std::max(top, largest);
      }
    }
  }
  return top;
}

TEST(ColorTop, IsTheLargestOutsideOfSinksAndSpecialTokensInAnyOrder) {
  const auto sequence = test::with_template(test::encode("the harbour master of Velmora is Tessin"));
  std::vector<TokenMap> maps;
  for (int query = 2; query < 10; ++query) maps.push_back(test::make_map(sequence, query, {.sink = 0.6}));
  ColorTop forward;
  ColorTop backward;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    forward.add(maps[i]);
    backward.add(maps[maps.size() - 1 - i]);
  }
  for (const char* reduction : {"mean", "max", "rollout"}) {
    const ReductionInfo* info = attnviz::test::reduction(reduction);
    EXPECT_FLOAT_EQ(static_cast<float>(forward.of(AttentionKind::kSelf, info)),
                    static_cast<float>(reference_top(maps, reduction)));
    EXPECT_EQ(forward.of(AttentionKind::kSelf, info), backward.of(AttentionKind::kSelf, info));
  }
  EXPECT_EQ(forward.of(AttentionKind::kCross, &attnviz::test::kMean), 0);
  EXPECT_EQ(forward.of(AttentionKind::kSelf, nullptr), 0);
}

TEST(ColorTop, OfSingleHeadsIsApartFromThatOfAnyReduction) {
  // Single heads are none of the table, whatever names that has.
  constexpr ReductionInfo kHeads{.name = "heads"};
  TokenMap map = test::make_map(test::encode("one two three four"), 3, {.per_head = true});
  AttentionView& view = map.views[0];
  view.reductions = {{&kHeads, {1, 4, {0, 0, 0.125F, 0}}, {0, 0, 0.125F, 0}}};
  view.per_head.assign(view.per_head.size(), {1, 4, {0, 0.5F, 0, 0.25F}});
  ColorTop top;
  top.add(map);
  EXPECT_EQ(top.of(AttentionKind::kSelf, nullptr), 0.5);
  EXPECT_EQ(top.of(AttentionKind::kSelf, &kHeads), 0.125);
}

TEST(ColorTop, AQueryThatSeesOnlyTheSinkDoesNotSpoilTheRun) {
  ColorTop top;
  top.add(test::make_map(test::encode("one two"), 0, {.sink = 1.0}));
  EXPECT_EQ(top.of(AttentionKind::kSelf, &attnviz::test::kMean), 0);
}

// ----------------------------------------------------------------------------------------------------
// palette

double contrast(double a, double b) { return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05); }

TEST(Colors, TextIsLegibleOnEveryColorOfEveryColormapAndTheme) {
  for (int map = 0; map < 6; ++map) {
    for (const Theme theme : {Theme::kLight, Theme::kDark}) {
      const Colors colors(static_cast<Colormap>(map), theme, static_cast<Steps>(map % 3));
      for (std::size_t under = 0; under < 256; ++under) {
        const bool ramp = (under > color::kHair + 1 && under <= color::kInk) || (under >= 252 && under < 255);
        if (ramp) continue;  // letters themselves
        const std::uint8_t ink =
            colors.under_ink(Ink::kText, static_cast<std::uint8_t>(under), kCoverages - 1);
        EXPECT_GE(contrast(luminance(colors.palette()[under]), luminance(colors.palette()[ink])), 4.5)
            << "colormap " << map << " index " << under;
      }
    }
  }
}

TEST(Colors, DifferencesOfOneSizeAreEquallyBright) {
  for (const Theme theme : {Theme::kLight, Theme::kDark}) {
    const double toward = theme == Theme::kLight ? -1 : 1;  // away from the paper
    for (int step = 0; step + 4 <= kZero; ++step) {
      const double below = luminance(difference_color(step, theme));
      const double above = luminance(difference_color(2 * kZero - step, theme));
      EXPECT_LT(contrast(below, above), 1.14) << step;
      EXPECT_GT(toward * below, toward * luminance(difference_color(step + 4, theme)));
    }
    const Rgb middle = difference_color(kZero, theme);
    EXPECT_EQ(middle[0], middle[1]) << "0 has no hue";
    EXPECT_EQ(middle[1], middle[2]);
  }
}

TEST(Colors, DifferencesDoNotLeaveTheGamut) {
  for (const Theme theme : {Theme::kLight, Theme::kDark}) {
    for (int step = 0; step < kDifferenceSteps; ++step) {
      for (const std::uint8_t channel : difference_color(step, theme)) {
        EXPECT_GT(channel, 0) << step;
        EXPECT_LT(channel, 255) << step;
      }
    }
  }
}

TEST(Colors, ColormapsRiseSteadilyInBrightness) {
  for (const Colormap map :
       {Colormap::kViridis, Colormap::kMagma, Colormap::kInferno, Colormap::kPlasma, Colormap::kCividis}) {
    const Colors colors(map, Theme::kLight);
    for (std::size_t i = 8; i < kColorSteps; ++i) {
      EXPECT_GT(luminance(colors.palette()[i]), luminance(colors.palette()[i - 8])) << to_string(map) << i;
    }
  }
}

TEST(Colors, ViridisHasItsPublishedEnds) {
  const Colors colors(Colormap::kViridis, Theme::kDark);
  EXPECT_EQ(colors.palette()[0], (Rgb{0x44, 0x01, 0x54}));
  EXPECT_EQ(colors.palette()[kColorSteps - 1], (Rgb{0xfd, 0xe7, 0x25}));
}

TEST(Colors, NoCoverageLeavesTheColorAlone) {
  const Colors colors(Colormap::kGrey, Theme::kLight);
  for (int under = 0; under < 256; ++under) {
    EXPECT_EQ(colors.under_ink(Ink::kDim, static_cast<std::uint8_t>(under), 0), under);
  }
}

}  // namespace
}  // namespace attnviz::render
