#include "aggregate/head_reduction.h"

#include <gtest/gtest.h>

#include <limits>

#include "aggregate/attention.h"

namespace attnviz::aggregate {
namespace {

using testing::random_attention;

/// Numbers of heads that fall into groups of 8, 4 and 1 differently, rows that end inside of lanes and
/// chunks.
const std::vector<std::vector<std::int64_t>>& shapes() {
  static const std::vector<std::vector<std::int64_t>> all = {
      {1, 3, 1}, {4, 5, 17}, {12, 40, 600}, {13, 7, 513}, {64, 3, 1030}};
  return all;
}

TEST(ReduceOnCpu, AgreesWithReduceOnDevice) {
  for (const auto& shape : shapes()) {
    const at::Tensor weights = random_attention(1, shape[0], shape[1], shape[2], false)[0];
    for (const std::optional<std::int64_t> diagonal : {std::optional<std::int64_t>(), {0}, {5}, {2000}}) {
      const RowReduction cpu = reduce_on_cpu(weights, diagonal), device = reduce_on_device(weights, diagonal);
      EXPECT_TRUE(cpu.mean.allclose(device.mean, 1e-6, 0)) << shape[0] << " heads";
      EXPECT_TRUE(cpu.row_sums.allclose(device.row_sums, 1e-6, 0));
      EXPECT_NEAR(cpu.row_sum_error, device.row_sum_error, 1e-6);
      EXPECT_EQ(cpu.above_diagonal, device.above_diagonal);
      EXPECT_EQ(cpu.non_finite, 0);
      EXPECT_EQ(device.non_finite, 0);
    }
  }
}

TEST(ReduceOnCpu, SumsCloseToFloat64) {
  for (const auto& shape : shapes()) {
    const at::Tensor weights = random_attention(1, shape[0], shape[1], shape[2], false)[0];
    const RowReduction found = reduce_on_cpu(weights, {});
    const at::Tensor mean = weights.to(at::kDouble).mean(0), sums = weights.to(at::kDouble).sum(-1);
    EXPECT_LE(((found.mean - mean).abs() / mean).max().item<double>(), 1e-6);
    EXPECT_NEAR(found.row_sum_error, (sums - 1).abs().max().item<double>(), 7e-7);
    EXPECT_TRUE(found.row_sums.allclose(sums.mean(0), 1e-6, 0));
  }
}

TEST(ReduceOnCpu, CountsWhatIsNotFiniteAsTheDeviceDoes) {
  at::Tensor weights = random_attention(1, 5, 9, 40, false)[0];
  weights[1][3][30] = std::numeric_limits<float>::quiet_NaN();
  weights[4][8][0] = std::numeric_limits<float>::infinity();
  weights[4][8][1] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(reduce_on_cpu(weights, {}).non_finite, 3);
  EXPECT_EQ(reduce_on_device(weights, {}).non_finite, 3);
}

TEST(ReduceOnCpu, FindsALookAheadAnywhere) {
  for (const std::int64_t key : {6, 511, 512, 599}) {
    at::Tensor weights = random_attention(1, 12, 600, 600, true)[0].narrow(1, 0, 40).clone();
    weights[11][5][key] = 0.125;
    EXPECT_EQ(reduce_on_cpu(weights, 0).above_diagonal, 0.125);
    EXPECT_EQ(reduce_on_device(weights, 0).above_diagonal, 0.125);
  }
}

TEST(HeadReduction, OfSomeRowsIsThatOfAllRowsThere) {
  const at::Tensor weights = random_attention(1, 6, 8, 20, false)[0];
  const HeadReduction heads({0, AttentionKind::kSelf, 4, 30, weights, 10});
  const std::vector<std::int64_t> rows = {1, 6};
  const at::Tensor there = at::tensor(at::ArrayRef<std::int64_t>(rows), at::kLong);
  const at::Tensor kept = at::constant_pad_nd(weights, {0, 10}).index_select(1, there);
  EXPECT_TRUE(heads.mean_of(rows).allclose(kept.mean(0), 1e-6, 0));
  EXPECT_TRUE(heads.max_of(rows).equal(kept.amax(0)));
  EXPECT_TRUE(heads.min_of(rows).equal(kept.amin(0)));
  EXPECT_TRUE(heads.heads_of(rows).equal(kept));
  EXPECT_TRUE(heads.audit.square) << "hidden keys count";
}

}  // namespace
}  // namespace attnviz::aggregate
