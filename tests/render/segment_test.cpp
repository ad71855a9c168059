/// Figures and colours of segments, and the chart of an answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "render/scenes.h"
#include "render/segments.h"

namespace attnviz::render {
namespace {

TEST(SegmentPlaces, CountDistinctNamesAndSkipGlue) {
  const std::vector<std::string> names = {"", "fact", "", "question", "fact", "generated", "x"};
  EXPECT_EQ(segment_places(names), (std::vector<int>{-1, 0, -1, 1, 0, kGeneratedPlace, 2}));
}

TEST(SegmentPlaces, TokensKnowWhatTheModelWrote) {
  const auto sequence = test::encode_segments({{"a", "one"}, {"", " and"}, {"b", " two"}}, " three");
  EXPECT_EQ(token_places(*sequence), (std::vector<int>{0, -1, 1, kGeneratedPlace}));
}

TEST(SegmentPlaces, ThirtyTwoSegmentsLookDifferent) {
  for (int a = 0; a < 32; ++a) {
    for (int b = 0; b < a; ++b) {
      EXPECT_TRUE(swatch_of(a).color != swatch_of(b).color || swatch_of(a).texture != swatch_of(b).texture);
    }
  }
}

double read(const std::string& text) { return text[0] == '<' ? 0.0 : std::stod(text); }

TEST(ShareTexts, SumToWhatTheSharesSumTo) {
  test::Random random(4);
  for (int round = 0; round < 300; ++round) {
    std::vector<double> shares;
    for (int i = 0; i <= random.below(20); ++i) shares.push_back(std::pow(random.uniform(), 4) + 1e-6);
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares) share /= sum;
    const auto texts = share_texts(shares);
    double read_sum = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      read_sum += read(texts[i]);
      EXPECT_NEAR(read(texts[i]), shares[i], 0.01);
    }
    EXPECT_NEAR(read_sum, 1, 1e-9);
  }
}

TEST(ShareTexts, HaveTwoDigitsAndNeverHideAShare) {
  EXPECT_EQ(share_texts(std::vector<double>{0.333, 0.333, 0.334}),
            (std::vector<std::string>{"0.33", "0.33", "0.34"}));
  EXPECT_EQ(share_texts(std::vector<double>{0.995, 0.001, 0, 0.004}),
            (std::vector<std::string>{"1.00", "<0.01", "0.00", "<0.01"}));
  EXPECT_EQ(share_texts(std::vector<double>{0.5, std::nan("")})[1], "nan");
  EXPECT_TRUE(share_texts({}).empty());
}

// --------------------------------------------------------------------------------------------------- chart

SegmentChart random_chart(test::Random& random, int outputs, int names) {
  SegmentChart chart;
  chart.title = random_word(random);
  for (int i = 0; i < names; ++i)
    chart.names.push_back(i % 7 == 6 ? "" : "n" + std::to_string(i) + random_word(random));
  chart.masses = {outputs, names, {}};
  for (int output = 0; output < outputs; ++output) {
    chart.outputs.push_back(random_word(random));
    double sum = 0;
    std::vector<double> row;
    for (int i = 0; i < names; ++i) sum += row.emplace_back(std::pow(random.uniform(), 5) + 1e-9);
    for (const double mass : row) chart.masses.values.push_back(static_cast<float>(mass / sum));
  }
  return chart;
}

TEST(SegmentChartPage, LabelsDoNotCollideAndEveryOutputIsLabelledOrCounted) {
  test::Random random(31);
  for (const int outputs : {1, 2, 9, 60, 500, 5000}) {
    for (const int names : {1, 2, 8, 20}) {
      const SegmentChart chart = random_chart(random, outputs, names);
      Page page;
      const Scene& scene = page.segments(chart);
      expect_labels_apart(scene);
      expect_all_on_page(scene);
      const auto texts = items_of<Text>(scene);
      const auto labels =
          std::count_if(texts.begin(), texts.end(), [](const Text& t) { return t.role == Role::kColumn; });
      const std::string note = std::to_string(outputs) + " outputs, " + std::to_string(labels) +
                               " labelled: the first, the last, and others where there is room";
      EXPECT_EQ(page.texts(note, kLabelSize).size(), labels == outputs ? 0U : 1U) << outputs;
    }
  }
}

TEST(SegmentChartPage, BarsAreAsHighAsTheirMassesAndTheLargestNamedOneIsStrong) {
  SegmentChart chart;
  chart.title = "t";
  chart.names = {"fact-1", "fact-2", ""};
  chart.outputs = {"a", "b"};
  chart.masses = {2, 3, {0.1F, 0.3F, 0.6F, 0.5F, 0.2F, 0.3F}};
  Page page;
  const Scene& scene = page.segments(chart);
  std::vector<std::vector<int>> heights;
  for (const Fill& fill : items_of<Fill>(scene)) {
    if (fill.box.width != 44 || fill.box.height == 8) continue;
    heights.push_back({fill.color, fill.box.height});
  }
  const int first = color::kSegments;
  EXPECT_EQ(heights, (std::vector<std::vector<int>>{{0, 30},
                                                    {first + 1, 90},
                                                    {pale(color::kNoSegment), 180},
                                                    {first, 150},
                                                    {1, 60},
                                                    {pale(color::kNoSegment), 90}}));
  EXPECT_EQ(page.texts("0.30", kLabelSize).size(), 1U) << "the mean of fact-1";
  EXPECT_EQ(page.texts("0.25", kLabelSize).size(), 2U) << "the mean of fact-2, and a tick";
}

/// The masses of `chart`, whose rows sum to 1, with those of the last row summing to `sum`.
std::vector<float> scaled_rows(const SegmentChart& chart, float sum) {
  std::vector<float> values = chart.masses.values;
  for (auto at = values.end() - chart.masses.columns; at != values.end(); ++at) *at *= sum;
  return values;
}

TEST(SegmentChartPage, WhatCannotBeDrawnIsRefused) {
  test::Random random(2);
  const auto refuses = [&](const std::function<void(SegmentChart&)>& spoil) {
    SegmentChart chart = random_chart(random, 3, 2);
    spoil(chart);
    try {
      Page().segments(chart);
    } catch (const Error& error) {
      return error.kind() == ErrorKind::kUsage;
    }
    return false;
  };
  EXPECT_TRUE(refuses([](SegmentChart& chart) { chart.names.pop_back(); }));
  EXPECT_TRUE(refuses([](SegmentChart& chart) { chart.outputs.clear(); }));
  EXPECT_TRUE(refuses([](SegmentChart& chart) { chart.masses.values.pop_back(); }));
  EXPECT_TRUE(refuses([](SegmentChart& chart) { chart.masses.values[0] = -0.1F; }));
  EXPECT_TRUE(refuses([](SegmentChart& chart) { chart.masses.values[0] += 0.5F; }));
  EXPECT_TRUE(refuses([](SegmentChart& chart) { chart.masses.values[3] = std::nanf(""); }));
  for (const float sum : {0.0F, 0.5F, 0.98F, 1.02F})
    EXPECT_TRUE(refuses([=](SegmentChart& chart) { chart.masses.values = scaled_rows(chart, sum); })) << sum;
  for (const float sum : {0.992F, 1.008F})
    EXPECT_FALSE(refuses([=](SegmentChart& chart) { chart.masses.values = scaled_rows(chart, sum); })) << sum;
  EXPECT_FALSE(refuses([](SegmentChart&) {}));
}

}  // namespace
}  // namespace attnviz::render
