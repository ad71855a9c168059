#include "aggregate/rollout_product.h"

#include <gtest/gtest.h>

#include "aggregate/attention.h"

namespace attnviz::aggregate {
namespace {

using testing::largest_difference;
using testing::Rows;

constexpr double kFloat32 = 2e-6;

/// Mixed layers [n, n]; the rows of causal ones come without what lies right of their block.
std::vector<at::Tensor> layers(int count, std::int64_t n, bool causal) {
  std::vector<at::Tensor> maps;
  for (const at::Tensor& layer : testing::random_attention(count, 1, n, n, causal)) maps.push_back(layer[0]);
  return maps;
}

void push(RolloutProduct& flow, const at::Tensor& layer, std::int64_t rows, bool causal) {
  const std::int64_t n = layer.size(0);
  for (std::int64_t first = 0; first < n; first += rows) {
    const std::int64_t end = std::min(n, first + rows);
    const at::Tensor block = layer.narrow(0, first, end - first);
    flow.append(causal ? block.narrow(1, 0, end) : block, n);
  }
  flow.end_layer();
}

void expect_rows(const at::Tensor& found, const at::Tensor& product, const std::vector<std::int64_t>& rows) {
  ASSERT_EQ(found.size(0), static_cast<std::int64_t>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_LT((found[static_cast<std::int64_t>(i)] - product[rows[i]]).abs().max().item<double>(), kFloat32);
}

TEST(RolloutProduct, RowsOfHeldLayersAreThoseOfTheWholeProduct) {
  const std::vector<std::int64_t> rows = {0, 63, 64, 65, 149};
  for (const bool causal : {true, false}) {
    for (const int merges : {0, 1, 3}) {
      const auto maps = layers(5, 150, causal);
      RolloutProduct flow(RolloutProduct::Start::kIdentity);
      for (std::size_t l = 0; l < 5; ++l) push(flow, maps[l], 20 + 7 * static_cast<std::int64_t>(l), causal);
      for (int i = 0; i < merges; ++i) EXPECT_TRUE(flow.merge());
      ASSERT_EQ(flow.held(), static_cast<std::size_t>(4 - merges))
          << "the first layer is the product at once";
      const auto held = flow.held_rows(rows);
      at::Tensor product = at::eye(150, at::kDouble);
      for (int l = 0; l < 5; ++l) {
        product = maps[static_cast<std::size_t>(l)].to(at::kDouble).matmul(product);
        if (l == merges) expect_rows(flow.merged_rows(rows), product, rows);
        if (l > merges) expect_rows(held.at(static_cast<std::size_t>(l - merges - 1)), product, rows);
      }
    }
  }
}

TEST(RolloutProduct, OfCausalLayersTakesLittleMoreThanHalfTheMemory) {
  RolloutProduct flow(RolloutProduct::Start::kIdentity);
  for (const at::Tensor& map : layers(2, 1024, true)) push(flow, map, 64, true);
  EXPECT_LT(flow.bytes(), 2 * 1024 * 1024 * 4 * 0.54);
  EXPECT_TRUE(flow.merge());
  EXPECT_LT(flow.bytes(), 1024 * 1024 * 4 * 0.54) << "nor does their product";
}

TEST(RolloutProduct, FromZeroStaysZeroUntilSomethingIsAdded) {
  RolloutProduct flow(RolloutProduct::Start::kZero);
  EXPECT_TRUE(flow.is_zero());
  const auto maps = layers(1, 4, false);
  flow.blend(0.5, maps[0]);
  flow.end_blend();
  EXPECT_FALSE(flow.is_zero());
  flow.blend(0.5, maps[0]);
  flow.end_blend();
  EXPECT_LT((flow.merged_rows({0, 1, 2, 3}) - maps[0] * 1.5).abs().max().item<double>(), kFloat32);
}

}  // namespace
}  // namespace attnviz::aggregate
