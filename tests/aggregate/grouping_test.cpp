#include <gtest/gtest.h>

#include <numeric>

#include "aggregate/attention.h"

namespace attnviz::aggregate {
namespace {

using testing::find_map;
using testing::head_mean;
using testing::identity;
using testing::largest_difference;
using testing::mixed;
using testing::named;
using testing::product;
using testing::random_attention;
using testing::reduce;
using testing::Rows;

constexpr double kFloat32 = 1e-5;

/// Six tokens that are four words of 1, 2, 2 and 1 tokens.
const std::vector<std::int64_t> kWordOf = {0, 1, 1, 2, 2, 3};
const std::vector<double> kTokensOf = {1, 2, 2, 1};

Grouping words() { return {.columns = 4, .column_of = kWordOf, .row_of = kWordOf}; }

/// Attention to a word is the sum over its tokens, from a word the mean over its tokens.
Rows merge_by_loops(const Rows& map) {
  Rows out(4, std::vector<double>(4, 0.0));
  for (std::size_t q = 0; q < 6; ++q) {
    const auto row = static_cast<std::size_t>(kWordOf[q]);
    for (std::size_t k = 0; k < 6; ++k)
      out[row][static_cast<std::size_t>(kWordOf[k])] += map[q][k] / kTokensOf[row];
  }
  return out;
}

double sum(std::span<const float> row) { return std::accumulate(row.begin(), row.end(), 0.0); }

TEST(Words, MeanIsTheSumToAndTheMeanFromTheirTokens) {
  const auto stack = random_attention(2, 3, 6, 6, true);
  const AttentionMap map = reduce(stack, {.reductions = named({"mean"}), .groupings = {words()}}).maps.at(0);
  EXPECT_EQ(map.keys, 4);
  EXPECT_EQ(map.queries, (std::vector<std::int64_t>{0, 2, 4, 5})) << "the last query of each word";
  for (std::size_t l = 0; l < 2; ++l) {
    EXPECT_LT(
        largest_difference(std::span(map.by_layer).subspan(l * 16, 16), merge_by_loops(head_mean(stack[l]))),
        kFloat32);
    for (std::size_t q = 0; q < 4; ++q) EXPECT_NEAR(sum(map.row(l, q)), 1.0, kFloat32);
  }
}

TEST(Words, MaxAndMinAreOverTheWordsOfEveryHead) {
  const auto stack = random_attention(2, 3, 6, 6, false);
  for (const std::int64_t rows : {0, 1, 4}) {
    const AttentionMaps maps =
        reduce(stack, {.reductions = named({"max", "min"}), .groupings = {words()}}, rows);
    Rows most(4, std::vector<double>(4, 0.0)), least(4, std::vector<double>(4, 1.0));
    for (std::int64_t h = 0; h < 3; ++h) {
      const Rows head = merge_by_loops(head_mean(stack[1].narrow(0, h, 1)));
      for (std::size_t q = 0; q < 4; ++q) {
        for (std::size_t k = 0; k < 4; ++k) {
          most[q][k] = std::max(most[q][k], head[q][k]);
          least[q][k] = std::min(least[q][k], head[q][k]);
        }
      }
    }
    EXPECT_LT(largest_difference(std::span(maps.maps[0].by_layer).subspan(16), most), kFloat32) << rows;
    EXPECT_LT(largest_difference(std::span(maps.maps[1].by_layer).subspan(16), least), kFloat32) << rows;
  }
}

TEST(Words, RolloutIsComputedOnTokensAndMergedLast) {
  const auto stack = random_attention(3, 2, 6, 6, true);
  const AttentionMap map =
      reduce(stack, {.reductions = named({"rollout"}), .groupings = {words()}}).maps.at(0);
  EXPECT_LT(largest_difference(map.overall, merge_by_loops(testing::rollout(stack))), kFloat32);
}

TEST(Words, OfSomeRowsOnlyAreMergedOverThoseRows) {
  Grouping late = words();
  late.row_of = {-1, -1, -1, 0, 0, 1};
  const auto stack = random_attention(1, 2, 6, 6, true);
  for (const auto* name : {"mean", "max"}) {
    const AttentionMap some =
        reduce(stack, {.reductions = named({name}), .queries = {3, 4, 5}, .groupings = {late}}).maps.at(0);
    const AttentionMap all = reduce(stack, {.reductions = named({name}), .groupings = {words()}}).maps.at(0);
    EXPECT_EQ(some.queries, (std::vector<std::int64_t>{4, 5}));
    for (std::size_t k = 0; k < 4; ++k) {
      EXPECT_FLOAT_EQ(some.row(0, 0)[k], all.row(0, 2)[k]);
      EXPECT_FLOAT_EQ(some.row(0, 1)[k], all.row(0, 3)[k]);
    }
  }
}

TEST(Words, OfSingleHeadsAreMergedLikeTheMean) {
  const auto stack = random_attention(1, 3, 6, 6, false);
  const AttentionMaps maps =
      reduce(stack, {.reductions = named({"mean"}), .per_head = true, .groupings = {words()}});
  const HeadMap& heads = maps.heads.at(0);
  EXPECT_LT(largest_difference(std::span(heads.weights).subspan(16, 16),
                               merge_by_loops(head_mean(stack[0].narrow(0, 1, 1)))),
            kFloat32);
}

Grouping without(std::vector<std::int64_t> dropped) {
  Grouping grouping{.columns = 6, .column_of = {0, 1, 2, 3, 4, 5}, .removed = {"sinks"}};
  for (const std::int64_t key : dropped) grouping.column_of[static_cast<std::size_t>(key)] = -1;
  grouping.sinks = std::move(dropped);
  return grouping;
}

TEST(Dropping, RenormalisesTheMeanLayerByLayerAndSaysWhatItTook) {
  const auto stack = random_attention(2, 3, 6, 6, false);
  const AttentionMap map =
      reduce(stack, {.reductions = named({"mean"}), .groupings = {without({0, 3})}}).maps.at(0);
  EXPECT_EQ(map.dropped, (std::vector<std::uint8_t>{1, 0, 0, 1, 0, 0}));
  for (std::size_t q = 0; q < 6; ++q) {
    double removed = 0;
    for (std::size_t l = 0; l < 2; ++l) {
      const std::vector<double> row = head_mean(stack[l])[q];
      const double gone = row[0] + row[3];
      removed += gone / 2;
      EXPECT_NEAR(map.row(l, q)[4], row[4] / (1 - gone), kFloat32);
      EXPECT_EQ(map.row(l, q)[3], 0.0F);
    }
    EXPECT_NEAR(map.removed_mass[q], removed, kFloat32);
    EXPECT_NEAR(sum(map.overall_row(q)), 1.0, kFloat32);
    EXPECT_NEAR(map.overall_row(q)[4], (map.row(0, q)[4] + map.row(1, q)[4]) / 2, kFloat32)
        << "mean of means";
  }
}

TEST(Dropping, LeavesTheWeightsOfMaxAsTheyAre) {
  const auto stack = random_attention(1, 3, 6, 6, false);
  const AttentionMap whole = reduce(stack, {.reductions = named({"max"})}).maps.at(0);
  const AttentionMap map =
      reduce(stack, {.reductions = named({"max"}), .groupings = {without({2})}}).maps.at(0);
  for (std::size_t q = 0; q < 6; ++q) {
    for (std::size_t k = 0; k < 6; ++k) EXPECT_EQ(map.row(0, q)[k], k == 2 ? 0.0F : whole.row(0, q)[k]);
  }
}

TEST(Dropping, OfSinksRenormalisesEachLayerBeforeTheProductOfRollout) {
  const auto stack = random_attention(3, 2, 6, 6, true);
  const AttentionMap map =
      reduce(stack, {.reductions = named({"rollout"}), .groupings = {without({0})}}).maps.at(0);
  Rows flow = identity(6);
  for (const at::Tensor& layer : stack) {
    Rows mean = head_mean(layer);
    for (auto& row : mean) {
      row[0] = 0;
      const double rest = std::accumulate(row.begin(), row.end(), 0.0);
      for (double& weight : row) weight = rest > 0 ? weight / rest : 0.0;
    }
    flow = product(mixed(mean, 0.5), flow);
  }
  for (auto& row : flow) row[0] = 0;  // only the first row has something there
  EXPECT_LT(largest_difference(map.overall, flow), kFloat32);
}

TEST(Dropping, OfSinksKeepsACausalRolloutFromCollapsing) {
  at::Tensor scores = at::zeros({1, 16, 16}).masked_fill_(at::ones({16, 16}, at::kBool).triu(1), -INFINITY);
  scores.select(2, 0).add_(4.0);  // a sink
  const testing::Stack stack(12, scores.softmax(-1));
  const auto last_row = [&](std::vector<Grouping> groupings) {
    return reduce(stack, {.reductions = named({"rollout"}), .groupings = std::move(groupings)})
        .maps.at(0)
        .overall_row(15)
        .back();
  };
  Grouping grouping{.columns = 16, .removed = {"sinks"}, .sinks = {0}};
  for (std::int64_t key = 0; key < 16; ++key) grouping.column_of.push_back(key == 0 ? -1 : key);
  Grouping at_the_end = grouping;
  at_the_end.sinks.clear();
  EXPECT_LT(last_row({}), 0.01F);
  EXPECT_NE(last_row({grouping}), last_row({at_the_end})) << "before the product is not after it";
}

TEST(Words, DoNotNeedTheKeysThatABlockDoesNotSee) {
  const auto stack = random_attention(3, 3, 6, 6, true);
  Grouping grouping = words();
  for (const std::vector<std::int64_t>& sinks : {std::vector<std::int64_t>{}, {0, 3}}) {
    grouping.sinks = sinks;
    const ReductionOptions all{.reductions = named({"mean", "max", "min", "rollout"}),
                               .groupings = {grouping}};
    for (const std::int64_t rows : {1, 2, 4}) {
      Reductions tiles(all);
      testing::feed_tiles(tiles, stack, rows);
      const AttentionMaps whole = reduce(stack, all), tiled = tiles.finish();
      for (std::size_t i = 0; i < whole.maps.size(); ++i) {
        EXPECT_EQ(whole.maps[i].queries, tiled.maps[i].queries);
        ASSERT_EQ(whole.maps[i].by_layer.size(), tiled.maps[i].by_layer.size());
        for (std::size_t j = 0; j < whole.maps[i].by_layer.size(); ++j)
          EXPECT_NEAR(whole.maps[i].by_layer[j], tiled.maps[i].by_layer[j], 1e-6) << whole.maps[i].reduction;
      }
    }
  }
}

TEST(Dropping, ThroughTwoStacksKeepsTheSumOfBothRollouts) {
  const auto encoder = random_attention(1, 2, 5, 5, false, 3),
             decoder = random_attention(2, 2, 4, 4, true, 4), cross = random_attention(2, 2, 4, 5, false, 5);
  Grouping first{
      .kind = AttentionKind::kCross, .columns = 5, .column_of = {-1, 1, 2, 3, 4}, .removed = {"sinks"}};
  Reductions sink({.reductions = named({"rollout"}),
                   .kinds = {AttentionKind::kCross, AttentionKind::kDecoder},
                   .groupings = {first}});
  testing::feed(sink, encoder, AttentionKind::kEncoder);
  for (int l = 0; l < 2; ++l) {
    sink.on_block({l, AttentionKind::kDecoder, 0, 4, decoder[static_cast<std::size_t>(l)]});
    sink.on_block({l, AttentionKind::kCross, 0, 4, cross[static_cast<std::size_t>(l)]});
  }
  const AttentionMaps maps = sink.finish();
  EXPECT_EQ(find_map(maps, AttentionKind::kEncoder, "rollout"), nullptr) << "not asked for";
  for (std::size_t q = 0; q < 4; ++q) {
    const double both = sum(find_map(maps, AttentionKind::kCross, "rollout")->overall_row(q)) +
                        sum(find_map(maps, AttentionKind::kDecoder, "rollout")->overall_row(q));
    EXPECT_NEAR(both, 1.0, kFloat32);
  }
}

TEST(SinkFinder, FindsTheKeyThatEveryRowLooksAt) {
  at::Tensor scores = at::randn({3, 12, 12});
  scores.select(2, 7).add_(5.0);
  SinkFinder finder({});
  testing::feed(finder, {scores.softmax(-1), scores.softmax(-1)}, AttentionKind::kSelf, 5);
  EXPECT_EQ(finder.sinks(AttentionKind::kSelf), (std::vector<std::int64_t>{7}));
  EXPECT_TRUE(finder.sinks(AttentionKind::kCross).empty());
}

TEST(SinkFinder, DoesNotTakeWhatOneShownRowLooksForOrARowItself) {
  at::Tensor weights = at::ones({1, 24, 24}).tril();
  weights.div_(weights.sum(-1, true));
  weights[0][22].zero_()[4] = 1.0F;   // one row looks for key 4
  weights[0][23].zero_()[23] = 1.0F;  // the last one at itself
  SinkFinder finder({.shown = {22, 23}});
  testing::feed(finder, {weights});
  EXPECT_TRUE(finder.sinks(AttentionKind::kSelf).empty());
}

TEST(SinkFinder, FindsTheFirstTokenOfACausalModel) {
  at::Tensor scores = at::zeros({2, 20, 20}).masked_fill_(at::ones({20, 20}, at::kBool).triu(1), -INFINITY);
  scores.select(2, 0).add_(4.0);
  SinkFinder finder({.shown = {18, 19}});
  testing::feed(finder, {scores.softmax(-1)}, AttentionKind::kSelf, 7);
  EXPECT_EQ(finder.sinks(AttentionKind::kSelf), (std::vector<std::int64_t>{0}));
}

TEST(SinkFinder, IsNotMisledByWhatAMaskLeavesAboveTheDiagonal) {
  at::Tensor scores = at::zeros({2, 20, 20}).masked_fill_(at::ones({20, 20}, at::kBool).triu(1), -INFINITY);
  scores.select(2, 13).add_(4.0);  // the six rows behind it look at key 13
  const at::Tensor weights = scores.softmax(-1).add_(at::ones({20, 20}).triu(1).mul_(1e-7));
  SinkFinder finder({.shown = {18, 19}});
  testing::feed(finder, {weights}, AttentionKind::kSelf, 7);
  EXPECT_EQ(finder.sinks(AttentionKind::kSelf), (std::vector<std::int64_t>{13}));
}

TEST(SinkFinder, DoesNotNeedTheKeysThatABlockDoesNotSee) {
  at::Tensor scores = at::zeros({2, 20, 20}).masked_fill_(at::ones({20, 20}, at::kBool).triu(1), -INFINITY);
  scores.select(2, 0).add_(4.0);
  SinkFinder finder({.shown = {18, 19}});
  testing::feed_tiles(finder, {scores.softmax(-1), scores.softmax(-1)}, 7);
  EXPECT_EQ(finder.sinks(AttentionKind::kSelf), (std::vector<std::int64_t>{0}));
}

TEST(SegmentFlows, DoNotNeedTheKeysThatABlockDoesNotSee) {
  const auto stack = random_attention(1, 3, 6, 6, true);
  const std::vector<std::int64_t> parts = {2, 0, 0, 2, 1, 1};
  SegmentFlows whole({"A", "B", ""}, parts, {}), tiles({"A", "B", ""}, parts, {});
  testing::feed(whole, stack);
  testing::feed_tiles(tiles, stack, 2);
  const auto expected = whole.finish(), found = tiles.finish();
  ASSERT_EQ(found.size(), 1U);
  for (std::size_t i = 0; i < 9; ++i)
    EXPECT_NEAR(found[0].masses.at(0).values[i], expected.at(0).masses.at(0).values[i], 1e-6);
}

TEST(SegmentFlows, AreMeansOverTheRowsOfAPartAndSumsOverTheKeys) {
  const auto stack = random_attention(2, 3, 6, 6, false);
  const std::vector<std::int64_t> parts = {2, 0, 0, 2, 1, 1};
  SegmentFlows sink({"A", "B", ""}, parts, {1});
  testing::feed(sink, stack, AttentionKind::kSelf, 4);
  const SegmentFlow flow = sink.finish().at(0);
  ASSERT_EQ(flow.layers, (std::vector<int>{1}));
  Rows truth(3, std::vector<double>(3, 0.0));
  const Rows mean = head_mean(stack[1]);
  for (std::size_t q = 0; q < 6; ++q) {
    for (std::size_t k = 0; k < 6; ++k)
      truth[static_cast<std::size_t>(parts[q])][static_cast<std::size_t>(parts[k])] += mean[q][k] / 2;
  }
  EXPECT_LT(largest_difference(flow.masses.at(0).values, truth), kFloat32);
}

}  // namespace
}  // namespace attnviz::aggregate
