#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "aggregate/attention.h"

namespace attnviz::aggregate {
namespace {

using testing::feed;
using testing::find_map;
using testing::head_mean;
using testing::named;
using testing::random_attention;
using testing::reduce;
using testing::Rows;
using testing::Stack;

constexpr double kFloat32 = 1e-6;  // a few roundings of numbers ≤ 1

/// max or min over heads, then over layers, by plain loops.
template <class Pick>
Rows folded(const Stack& stack, Pick pick) {
  Rows out;
  for (std::int64_t q = 0; q < stack[0].size(1); ++q) {
    out.emplace_back();
    for (std::int64_t k = 0; k < stack[0].size(2); ++k) {
      double value = stack[0][0][q][k].item<double>();
      for (const at::Tensor& layer : stack) {
        for (std::int64_t h = 0; h < layer.size(0); ++h) value = pick(value, layer[h][q][k].item<double>());
      }
      out.back().push_back(value);
    }
  }
  return out;
}

TEST(Mean, EqualsTheFourLoopReference) {
  const Stack stack = random_attention(3, 5, 7, 7, false);
  const AttentionMaps maps = reduce(stack, {.reductions = named({"mean"})});
  const AttentionMap& mean = *find_map(maps, AttentionKind::kSelf, "mean");
  Rows overall(7, std::vector<double>(7, 0.0));
  for (std::size_t l = 0; l < 3; ++l) {
    const Rows layer = head_mean(stack[l]);
    EXPECT_LT(testing::largest_difference(std::span(mean.by_layer).subspan(l * 49, 49), layer), kFloat32);
    for (std::size_t q = 0; q < 7; ++q) {
      for (std::size_t k = 0; k < 7; ++k) overall[q][k] += layer[q][k] / 3;
    }
  }
  EXPECT_LT(testing::largest_difference(mean.overall, overall), kFloat32);
}

TEST(MaxAndMin, AreExact) {
  const Stack stack = random_attention(3, 4, 6, 9, false);
  const AttentionMaps maps = reduce(stack, {.reductions = named({"max", "min"})});
  const auto largest = folded(stack, [](double a, double b) { return std::max(a, b); });
  const auto smallest = folded(stack, [](double a, double b) { return std::min(a, b); });
  EXPECT_EQ(testing::largest_difference(find_map(maps, AttentionKind::kSelf, "max")->overall, largest), 0);
  EXPECT_EQ(testing::largest_difference(find_map(maps, AttentionKind::kSelf, "min")->overall, smallest), 0);
}

TEST(Reductions, DoNotDependOnTheOrderOfHeads) {
  const Stack stack = random_attention(3, 6, 8, 8, true);
  Stack shuffled;
  for (const at::Tensor& layer : stack)
    shuffled.push_back(layer.index_select(0, at::tensor({3, 1, 5, 0, 2, 4})));
  const ReductionOptions all{.reductions = named({"mean", "max", "min", "rollout"})};
  const AttentionMaps a = reduce(stack, all), b = reduce(shuffled, all);
  for (std::size_t i = 0; i < a.maps.size(); ++i) {
    for (std::size_t j = 0; j < a.maps[i].by_layer.size(); ++j) {
      EXPECT_NEAR(a.maps[i].by_layer[j], b.maps[i].by_layer[j], 1e-7) << a.maps[i].reduction;
    }
  }
}

TEST(Reductions, DoNotDependOnHowALayerIsCutIntoBlocks) {
  const Stack stack = random_attention(3, 4, 11, 11, true);
  const ReductionOptions all{.reductions = named({"mean", "max", "min", "rollout"}), .per_head = true};
  const AttentionMaps whole = reduce(stack, all), cut = reduce(stack, all, 3);
  ASSERT_EQ(whole.maps.size(), cut.maps.size());
  for (std::size_t i = 0; i < whole.maps.size(); ++i) {
    ASSERT_EQ(whole.maps[i].by_layer.size(), cut.maps[i].by_layer.size());
    for (std::size_t j = 0; j < whole.maps[i].by_layer.size(); ++j) {
      EXPECT_NEAR(whole.maps[i].by_layer[j], cut.maps[i].by_layer[j], 1e-7);
    }
  }
  EXPECT_EQ(whole.heads[0].weights, cut.heads[0].weights);
}

TEST(Reductions, DoNotNeedTheKeysThatABlockDoesNotSee) {
  const Stack stack = random_attention(3, 4, 11, 11, true);
  for (const std::vector<std::int64_t>& queries : {std::vector<std::int64_t>{}, {9}}) {
    const ReductionOptions all{
        .reductions = named({"mean", "max", "min", "rollout"}), .queries = queries, .per_head = true};
    Reductions tiles(all);
    testing::feed_tiles(tiles, stack, 3);
    const AttentionMaps whole = reduce(stack, all), tiled = tiles.finish();
    for (std::size_t i = 0; i < whole.maps.size(); ++i) {
      EXPECT_EQ(whole.maps[i].keys, tiled.maps[i].keys);
      ASSERT_EQ(whole.maps[i].by_layer.size(), tiled.maps[i].by_layer.size());
      for (std::size_t j = 0; j < whole.maps[i].by_layer.size(); ++j)
        EXPECT_NEAR(whole.maps[i].by_layer[j], tiled.maps[i].by_layer[j], 1e-7);
    }
    EXPECT_EQ(whole.heads[0].weights, tiled.heads[0].weights);
    EXPECT_TRUE(is_causal(tiled.audit, AttentionKind::kSelf));
  }
}

TEST(Reductions, TakeRunsWhoseFirstRowsWereNotCaptured) {
  const Stack stack = random_attention(3, 4, 11, 11, true);
  const ReductionOptions options{
      .reductions = named({"mean", "max", "min"}), .queries = {7, 10}, .per_head = true};
  Reductions late(options);
  testing::feed_tiles(late, stack, 2, 6);
  const AttentionMaps whole = reduce(stack, options), cut = late.finish();
  for (std::size_t i = 0; i < whole.maps.size(); ++i) {
    EXPECT_EQ(cut.maps[i].queries, options.queries);
    EXPECT_EQ(whole.maps[i].by_layer, cut.maps[i].by_layer) << cut.maps[i].reduction;
  }
  EXPECT_EQ(cut.heads.at(0).queries, options.queries);
  EXPECT_EQ(whole.heads.at(0).weights, cut.heads.at(0).weights);
}

/// The maps of `stack` with so many threads, of all rows and of three.
std::vector<AttentionMaps> reduce_with_threads(const Stack& stack, int threads) {
  const int before = at::get_num_threads();
  at::set_num_threads(threads);
  std::vector<AttentionMaps> all;
  for (const std::vector<std::int64_t>& queries : {std::vector<std::int64_t>{}, {7, 290, 299}})
    all.push_back(
        reduce(stack, {.reductions = named({"mean", "max", "min", "rollout"}), .queries = queries}, 80));
  at::set_num_threads(before);
  return all;
}

TEST(Reductions, AreTheSameBytesWithTheSameNumberOfThreads) {
  const Stack stack = random_attention(4, 12, 300, 300, true);
  for (const int threads : {1, 2, 3}) {
    const auto once = reduce_with_threads(stack, threads), again = reduce_with_threads(stack, threads);
    for (std::size_t run = 0; run < once.size(); ++run) {
      for (std::size_t i = 0; i < once[run].maps.size(); ++i) {
        const AttentionMap &a = once[run].maps[i], &b = again[run].maps[i];
        EXPECT_EQ(a.by_layer, b.by_layer) << a.reduction->name;
        EXPECT_EQ(a.overall, b.overall) << a.reduction->name;
        EXPECT_EQ(once[run].audit[i].row_sum_error, again[run].audit[i].row_sum_error);
      }
    }
  }
}

// Rollout alone multiplies matrices; some kernels of OpenBLAS cut the sums of a product by the number of
// threads.
TEST(Reductions, DifferByRoundingsOfRolloutAloneWithAnotherNumberOfThreads) {
  constexpr double kRoundings = 5e-7;  // sums of 300 numbers ≤ 1 that are 1 together, in another order
  const Stack stack = random_attention(4, 12, 300, 300, true);
  const auto alone = reduce_with_threads(stack, 1);
  for (const int threads : {2, 3}) {
    const auto shared = reduce_with_threads(stack, threads);
    for (std::size_t run = 0; run < alone.size(); ++run) {
      for (std::size_t i = 0; i < alone[run].maps.size(); ++i) {
        const AttentionMap &a = alone[run].maps[i], &b = shared[run].maps[i];
        EXPECT_EQ(alone[run].audit[i].row_sum_error, shared[run].audit[i].row_sum_error);
        ASSERT_EQ(a.by_layer.size(), b.by_layer.size());
        const double allowed = a.reduction->through_layers ? kRoundings : 0;
        for (std::size_t j = 0; j < a.by_layer.size(); ++j)
          ASSERT_NEAR(a.by_layer[j], b.by_layer[j], allowed) << a.reduction->name;
      }
    }
  }
}

TEST(Reductions, KeepOnlyTheRowsAndLayersAskedFor) {
  const Stack stack = random_attention(4, 3, 10, 10, true);
  const AttentionMaps all = reduce(stack, {});
  const AttentionMaps some = reduce(stack, {.queries = {2, 9}, .layers = {1, 3}}, 4);
  for (const AttentionMap& map : some.maps) {
    const AttentionMap& full = *all.find(map.kind, *map.reduction);
    EXPECT_EQ(map.queries, (std::vector<std::int64_t>{2, 9}));
    EXPECT_EQ(map.layers, (std::vector<int>{1, 3}));
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_NEAR(map.row(1, 0)[i], full.row(3, 2)[i], 1e-7);
      EXPECT_NEAR(map.row(0, 1)[i], full.row(1, 9)[i], 1e-7);
    }
  }
  EXPECT_NEAR(find_map(some, AttentionKind::kSelf, "rollout")->overall_row(1)[0],
              find_map(all, AttentionKind::kSelf, "rollout")->overall_row(9)[0], 1e-7)
      << "rollout runs through layers that are not shown";
}

TEST(Reductions, PerHeadKeepsEveryWeight) {
  const Stack stack = random_attention(2, 3, 5, 5, false);
  const AttentionMaps maps = reduce(stack, {.queries = {1, 4}, .per_head = true}, 2);
  const HeadMap& heads = maps.heads.at(0);
  ASSERT_EQ(heads.weights.size(), 2U * 3 * 2 * 5);
  EXPECT_EQ(heads.heads, (std::vector<int>{0, 1, 2}));
  std::size_t i = 0;
  for (const at::Tensor& layer : stack) {
    for (int h = 0; h < 3; ++h) {
      for (const int q : {1, 4}) {
        for (int k = 0; k < 5; ++k) EXPECT_EQ(heads.weights[i++], layer[h][q][k].item<float>());
      }
    }
  }
}

TEST(Reductions, TakeStridedAndHalfPrecisionBlocks) {
  const Stack stack = random_attention(1, 3, 6, 6, false);
  const at::Tensor transposed = stack[0].transpose(1, 2).contiguous().transpose(1, 2);
  const AttentionMaps a = reduce(stack, {}), b = reduce({transposed}, {});
  EXPECT_EQ(a.maps[0].by_layer, b.maps[0].by_layer);
  const AttentionMaps half = reduce({stack[0].to(at::kHalf)}, {});
  for (std::size_t i = 0; i < 36; ++i) EXPECT_NEAR(a.maps[0].overall[i], half.maps[0].overall[i], 1e-3);
}

TEST(Audit, CountsWhatIsWrong) {
  Stack stack = random_attention(3, 2, 6, 6, true);
  stack[1][1][3][0] += 0.25;                                    // a row sum
  stack[1][0][2][4] = 0.125;                                    // a look ahead (and a row sum)
  stack[2][0][5][1] = std::numeric_limits<float>::quiet_NaN();  // not a number
  stack[2][1][0][0] = std::numeric_limits<float>::infinity();
  const AttentionMaps maps = reduce(stack, {.reductions = named({"mean"})}, 4);
  ASSERT_EQ(maps.audit.size(), 3U);
  EXPECT_LT(maps.audit[0].row_sum_error, 1e-6);
  EXPECT_EQ(maps.audit[0].above_diagonal, 0);
  EXPECT_NEAR(maps.audit[1].row_sum_error, 0.25, 1e-6);
  EXPECT_EQ(maps.audit[1].above_diagonal, 0.125);
  EXPECT_EQ(maps.audit[1].heads, 2);
  EXPECT_EQ(maps.audit[2].non_finite, 2);
}

TEST(IsCausal, IsToldByTheWeights) {
  EXPECT_TRUE(is_causal(reduce(random_attention(2, 2, 5, 5, true), {}).audit, AttentionKind::kSelf));
  EXPECT_FALSE(is_causal(reduce(random_attention(2, 2, 5, 5, false), {}).audit, AttentionKind::kSelf));
  EXPECT_FALSE(is_causal({}, AttentionKind::kSelf));
  EXPECT_FALSE(is_causal(reduce(random_attention(2, 2, 5, 8, false), {.reductions = named({"mean"})}).audit,
                         AttentionKind::kSelf))
      << "keys that are not the queries' own text have no diagonal";
}

TEST(Reductions, RefuseWhatMakesNoSense) {
  EXPECT_THROW(Reductions({.reductions = named({"median"})}), Error);
  EXPECT_THROW(Reductions({.rollout_residual = 1.0}), Error);
  EXPECT_THROW(Reductions({.rollout_residual = std::nan("")}), Error);
  Reductions sink({.queries = {3, 12}});
  feed(sink, random_attention(1, 2, 5, 5, true));
  EXPECT_THROW(sink.finish(), Error) << "query 12 of 5";
  Reductions layers({.layers = {0, 7}});
  feed(layers, random_attention(2, 2, 5, 5, true));
  EXPECT_THROW(layers.finish(), Error) << "layer 7 of 2";
}

// A group hands on no block that ends before the first query that is needed: then none comes at all.
TEST(Reductions, RefuseAQueryOfWhichNoBlockCame) {
  Reductions sink({.reductions = named({"mean"}), .queries = {9}, .kinds = {AttentionKind::kSelf}});
  const Listener listener;
  ConsumerGroup group({&sink}, listener);
  feed(group, random_attention(2, 2, 7, 7, false));
  try {
    sink.finish();
    ADD_FAILURE() << "made maps of nothing";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_STREQ(error.what(), "query 9 was asked for, but the model gave no self attention of it");
  }
  Reductions all({.reductions = named({"mean"})});
  EXPECT_TRUE(all.finish().maps.empty()) << "nothing was asked for by its query";
}

TEST(Reductions, RefuseLayersThatCannotBeLaidOnEachOther) {
  for (const auto& [queries, keys] : {std::pair{7, 14}, std::pair{3, 3}, std::pair{14, 7}}) {
    Stack stack = random_attention(1, 2, 7, 7, false);
    stack.push_back(random_attention(1, 2, queries, keys, false)[0]);
    Reductions sink({.reductions = named({"mean"})});
    EXPECT_THROW(feed(sink, stack), Error) << queries << " x " << keys;
  }
}

}  // namespace
}  // namespace attnviz::aggregate
