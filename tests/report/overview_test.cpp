#include "report/overview.h"

#include <gtest/gtest.h>

#include "report/run_maps.h"

namespace attnviz::report {
namespace {

using test::make_run;

/// Whether the output at `row` sees `key`, from the words of overview.h alone.
bool visible(const RunMaps& run, std::size_t row, std::size_t key) {
  return !run.causal || static_cast<std::int64_t>(key) <= run.tokens[row].token.query;
}

TEST(SummaryHeatmaps, HoldTheOverallRowsOfTheOutputs) {
  for (const bool causal : {false, true}) {
    RunMaps run = make_run(7, 3);
    run.causal = causal;
    const auto summaries = summary_heatmaps(run);
    ASSERT_EQ(summaries.size(), 2U);
    for (std::size_t i = 0; i < summaries.size(); ++i) {
      const Heatmap& summary = summaries[i];
      EXPECT_EQ(summary.reduction, run.reductions[i]);
      ASSERT_EQ(summary.weights.rows, 3);
      ASSERT_EQ(summary.weights.columns, 7) << "the last output sees all";
      for (std::size_t row = 0; row < 3; ++row) {
        const auto expected = run.maps.maps[i].overall_row(row + 4);
        for (std::size_t key = 0; key < 7; ++key) {
          EXPECT_EQ(summary.weights.values[row * 7 + key], expected[key]);
          EXPECT_EQ(summary.masked[row * 7 + key] == 0, visible(run, row, key)) << row << " " << key;
        }
      }
      EXPECT_EQ(summary.row_labels, (std::vector<std::string>{"t4", "t5", "t6"}));
      EXPECT_EQ(summary.row_positions, (std::vector<std::int64_t>{4, 5, 6}));
    }
  }
}

TEST(SummaryHeatmaps, LeaveOutWhatNoOutputSees) {
  RunMaps run = make_run(7, 7);
  run.tokens.resize(3);  // queries 0, 1, 2
  run.causal = true;
  EXPECT_EQ(summary_heatmaps(run).front().weights.columns, 3);
  run.causal = false;
  EXPECT_EQ(summary_heatmaps(run).front().weights.columns, 7);
}

TEST(SummaryHeatmaps, MaskDroppedColumns) {
  RunMaps run = make_run(4, 1);
  run.maps.maps[0].dropped = {1, 0, 0, 1};
  EXPECT_EQ(summary_heatmaps(run)[0].masked, (std::vector<std::uint8_t>{1, 0, 0, 1}));
  EXPECT_EQ(summary_heatmaps(run)[1].masked, (std::vector<std::uint8_t>{0, 0, 0, 0}));
}

TEST(SummaryHeatmaps, AreOfWordsWhereTokensWereMerged) {
  RunMaps run = make_run(3, 1);
  auto words = std::make_shared<Sequence>(*run.sequences.source);
  words->merged = {{0, 2}, {2, 3}, {3, 7}};
  run.sequences.source = words;
  const Heatmap summary = summary_heatmaps(run).front();
  EXPECT_EQ(summary.column_unit, "words");
  EXPECT_EQ(summary.column_positions, (std::vector<std::int64_t>{0, 2, 3}));
}

TEST(SummaryHeatmaps, ColorSegmentsAndWhatTheModelWrote) {
  RunMaps run = make_run(4, 1);
  auto sequence = std::make_shared<Sequence>(*run.sequences.source);
  sequence->generated = "t3";
  sequence->units[3].generated = true;
  sequence->units[2].segment = -1;
  run.sequences.source = sequence;
  const Heatmap summary = summary_heatmaps(run).front();
  EXPECT_EQ(summary.segment_names, (std::vector<std::string>{"fact", "", "generated"}));
  EXPECT_EQ(summary.segments, (std::vector<int>{0, 0, -1, 2}));
}

TEST(SummaryHeatmaps, RowsOfTheSideThatPutsNothingOutAreAllItsUnits) {
  RunMaps run = make_run(5, 2);
  run.sequences.target = test::make_sequence(5);
  run.asking = Side::kTarget;
  run.causal = true;
  for (AttentionMap& map : run.maps.maps) map.kind = AttentionKind::kCross;
  std::mt19937 random(3);
  run.maps.maps.push_back(test::random_map(random, AttentionKind::kEncoder, test::kMean, 5, 5));
  const auto summaries = summary_heatmaps(run);
  ASSERT_EQ(summaries.size(), 3U);
  EXPECT_EQ(summaries[0].kind, AttentionKind::kCross);
  EXPECT_EQ(summaries[0].weights.rows, 2);
  EXPECT_EQ(summaries[0].masked, std::vector<std::uint8_t>(10, 0)) << "the source is there before the target";
  EXPECT_EQ(summaries[2].kind, AttentionKind::kEncoder);
  EXPECT_EQ(summaries[2].weights.values, run.maps.maps[2].overall);
  EXPECT_EQ(summaries[2].row_labels, (std::vector<std::string>{"t0", "t1", "t2", "t3", "t4"}));
}

TEST(SummaryHeatmaps, OfNothingAreNone) { EXPECT_TRUE(summary_heatmaps(make_run(3, 0)).empty()); }

TokenMap with_masses(std::int64_t index, AttentionKind kind, std::vector<SegmentMass> masses) {
  return {{.index = index}, {{.kind = kind, .segments = std::move(masses)}}};
}

TEST(SegmentTables, HoldTheMassOfEachSegmentOfEachOutput) {
  const std::vector<TokenMap> tokens = {
      with_masses(3, AttentionKind::kSelf, {{"a", 0.5}, {"", 0.25}, {"generated", 0.25}}),
      with_masses(5, AttentionKind::kSelf, {{"generated", 1}})};
  const auto tables = segment_tables(tokens);
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables[0].names, (std::vector<std::string>{"a", "generated", ""})) << "what has no name is last";
  EXPECT_EQ(tables[0].outputs, (std::vector<std::int64_t>{3, 5}));
  EXPECT_EQ(tables[0].masses.rows, 2);
  EXPECT_EQ(tables[0].masses.values, (std::vector<float>{0.5F, 0.25F, 0.25F, 0, 1, 0}));
}

TEST(SegmentTables, AreOneForEachKindThatLooksAtSegments) {
  TokenMap map = with_masses(1, AttentionKind::kCross, {{"a", 1}});
  map.views.push_back({.kind = AttentionKind::kDecoder});
  map.views.push_back({.kind = AttentionKind::kSelf, .segments = {{"b", 1}}});
  const auto tables = segment_tables(std::vector<TokenMap>{map, map});
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables[0].kind, AttentionKind::kCross);
  EXPECT_EQ(tables[1].names.front(), "b");
  EXPECT_EQ(tables[1].outputs.size(), 2U);
  EXPECT_TRUE(segment_tables({}).empty());
}

}  // namespace
}  // namespace attnviz::report
