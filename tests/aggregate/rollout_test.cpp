#include <gtest/gtest.h>

#include "aggregate/attention.h"

namespace attnviz::aggregate {
namespace {

using testing::feed;
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
using testing::Stack;

constexpr double kFloat32 = 2e-6;  // float32 products of L ≤ 12 row-stochastic matrices

std::vector<float> rollout_of(const Stack& stack, double residual = 0.5, std::int64_t rows = 0) {
  return reduce(stack, {.reductions = named({"rollout"}), .rollout_residual = residual}, rows)
      .maps.at(0)
      .overall;
}

TEST(Rollout, EqualsTheFormulaOfThePaper) {
  for (const bool causal : {false, true}) {
    for (const double residual : {0.5, 0.0, 0.8}) {
      const Stack stack = random_attention(6, 4, 9, 9, causal);
      EXPECT_LT(largest_difference(rollout_of(stack, residual), testing::rollout(stack, residual)), kFloat32);
    }
  }
}

TEST(Rollout, EqualsTheFormulaAcrossTilesOfALongCausalInput) {
  const Stack stack = random_attention(3, 1, 530, 530, true);
  EXPECT_LT(largest_difference(rollout_of(stack), testing::rollout(stack)), kFloat32);
  EXPECT_LT(largest_difference(rollout_of(stack, 0.5, 100), testing::rollout(stack)), kFloat32)
      << "blocks beside tiles";
}

TEST(Rollout, TakesALayerThatLooksAheadAmongCausalOnes) {
  Stack stack = random_attention(4, 2, 300, 300, true);
  stack[1] = random_attention(1, 2, 300, 300, false, 7)[0];
  EXPECT_LT(largest_difference(rollout_of(stack, 0.5, 128), testing::rollout(stack)), kFloat32);
}

TEST(Rollout, OfAFewRowsIsThatOfAllRows) {
  for (const bool causal : {true, false}) {
    const Stack stack = random_attention(5, 2, 90, 90, causal);
    const AttentionMap some =
        reduce(stack, {.reductions = named({"rollout"}), .queries = {0, 41, 89}}, 20).maps.at(0);
    const AttentionMap all = reduce(stack, {.reductions = named({"rollout"})}, 20).maps.at(0);
    ASSERT_EQ(some.layers, all.layers);
    for (std::size_t l = 0; l < 5; ++l) {
      for (std::size_t k = 0; k < 90; ++k) {
        EXPECT_NEAR(some.row(l, 0)[k], all.row(l, 0)[k], kFloat32);
        EXPECT_NEAR(some.row(l, 1)[k], all.row(l, 41)[k], kFloat32);
        EXPECT_NEAR(some.row(l, 2)[k], all.row(l, 89)[k], kFloat32);
      }
    }
    EXPECT_LT(largest_difference(some.overall_row(2), {testing::rollout(stack).back()}), kFloat32);
  }
}

TEST(Rollout, RefusesAttentionThatIsNotSquare) {
  EXPECT_THROW(reduce(random_attention(2, 2, 4, 6, false), {.reductions = named({"rollout"})}), Error);
}

TEST(Rollout, OfEachLayerIsTheRolloutUpToIt) {
  const Stack stack = random_attention(4, 3, 8, 8, true);
  const AttentionMap map = reduce(stack, {.reductions = named({"rollout"})}).maps.at(0);
  for (std::size_t l = 0; l < 4; ++l) {
    const Stack lower(stack.begin(), stack.begin() + static_cast<std::ptrdiff_t>(l) + 1);
    EXPECT_LT(largest_difference(std::span(map.by_layer).subspan(l * 64, 64), testing::rollout(lower)),
              kFloat32);
  }
}

TEST(Rollout, RowsSumToOne) {
  const std::vector<float> map = rollout_of(random_attention(12, 4, 20, 20, true));
  for (std::size_t q = 0; q < 20; ++q) {
    double sum = 0;
    for (std::size_t k = 0; k < 20; ++k) sum += map[q * 20 + k];
    EXPECT_NEAR(sum, 1.0, kFloat32);
  }
}

TEST(Rollout, WithoutNormalisationIsTwoToTheLTimesIt) {
  const Stack stack = random_attention(5, 2, 7, 7, true);
  Rows flow = identity(7);
  for (const at::Tensor& layer : stack) {  // A + I, never normalised
    Rows a = head_mean(layer);
    for (std::size_t i = 0; i < 7; ++i) a[i][i] += 1.0;
    flow = product(a, flow);
  }
  for (auto& row : flow) {
    for (double& value : row) value /= 32.0;
  }
  EXPECT_LT(largest_difference(rollout_of(stack), flow), kFloat32);
}

TEST(Rollout, OfIdentityAttentionIsIdentity) {
  const Stack stack(3, at::eye(6).expand({4, 6, 6}).contiguous());
  EXPECT_EQ(largest_difference(rollout_of(stack), identity(6)), 0);
}

TEST(Rollout, OfCausalAttentionIsExactlyCausal) {
  const std::vector<float> map = rollout_of(random_attention(5, 2, 300, 300, true), 0.5, 77);
  for (std::size_t q = 0; q < 300; ++q) {
    for (std::size_t k = q + 1; k < 300; ++k) ASSERT_EQ(map[q * 300 + k], 0.0F);
  }
}

TEST(Rollout, CollapsesOnTheFirstTokenForUniformCausalAttention) {
  const at::Tensor scores =
      at::zeros({1, 16, 16}).masked_fill(at::ones({16, 16}, at::kBool).triu(1), -INFINITY);
  const Stack uniform(32, scores.softmax(-1));
  const AttentionMap map = reduce(uniform, {.reductions = named({"rollout"})}).maps.at(0);
  EXPECT_NEAR(map.row(11, 15)[0], 0.80, 0.005);
  EXPECT_NEAR(map.row(31, 15)[0], 0.999, 0.0005);
}

/// Encoder, then decoder layers of self and cross attention, fed in order of execution.
struct EncoderDecoder {
  Stack encoder = random_attention(2, 3, 5, 5, false, 3);
  Stack decoder = random_attention(3, 2, 4, 4, true, 4);
  Stack cross = random_attention(3, 2, 4, 5, false, 5);

  AttentionMaps run(double residual) const {
    Reductions sink({.reductions = named({"rollout"}), .rollout_residual = residual});
    feed(sink, encoder, AttentionKind::kEncoder);
    for (int l = 0; l < 3; ++l) {
      const auto i = static_cast<std::size_t>(l);
      sink.on_block({l, AttentionKind::kDecoder, 0, 4, decoder[i]});
      sink.on_block({l, AttentionKind::kCross, 0, 4, cross[i]});
    }
    return sink.finish();
  }
};

TEST(Rollout, ThroughEncoderAndDecoderEqualsItsDefinition) {
  const EncoderDecoder model;
  for (const double r : {0.5, 0.3}) {
    const Rows e = testing::rollout(model.encoder, r);
    Rows d = identity(4), c(4, std::vector<double>(5, 0.0));
    for (std::size_t l = 0; l < 3; ++l) {
      const Rows own = mixed(head_mean(model.decoder[l]), r);
      d = product(own, d);
      c = product(own, c);
      const Rows seen = product(head_mean(model.cross[l]), e);
      for (std::size_t q = 0; q < 4; ++q) {
        for (double& value : d[q]) value *= r;
        for (std::size_t k = 0; k < 5; ++k) c[q][k] = r * c[q][k] + (1 - r) * seen[q][k];
      }
    }
    const AttentionMaps maps = model.run(r);
    EXPECT_LT(largest_difference(find_map(maps, AttentionKind::kEncoder, "rollout")->overall, e), kFloat32);
    EXPECT_LT(largest_difference(find_map(maps, AttentionKind::kDecoder, "rollout")->overall, d), kFloat32);
    EXPECT_LT(largest_difference(find_map(maps, AttentionKind::kCross, "rollout")->overall, c), kFloat32);
  }
}

TEST(Rollout, RowsOfDecoderAndCrossTogetherSumToOneInEveryLayer) {
  const AttentionMaps maps = EncoderDecoder().run(0.5);
  const AttentionMap& d = *find_map(maps, AttentionKind::kDecoder, "rollout");
  const AttentionMap& c = *find_map(maps, AttentionKind::kCross, "rollout");
  ASSERT_EQ(d.layers, c.layers);
  for (std::size_t l = 0; l < 3; ++l) {
    for (std::size_t q = 0; q < 4; ++q) {
      double sum = 0;
      for (const float value : d.row(l, q)) sum += value;
      for (const float value : c.row(l, q)) sum += value;
      EXPECT_NEAR(sum, 1.0, kFloat32);
    }
  }
}

}  // namespace
}  // namespace attnviz::aggregate
