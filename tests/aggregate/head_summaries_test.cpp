#include <gtest/gtest.h>

#include <cmath>

#include "aggregate/attention.h"

namespace attnviz::aggregate {
namespace {

using testing::feed;
using testing::random_attention;
using testing::Stack;

constexpr double kFloat32 = 1e-5;

std::vector<HeadSummary> summarise(const Stack& stack, const std::vector<std::int64_t>& ids,
                                   std::int64_t rows = 0, std::int64_t side = 96) {
  HeadSummaries sink({.source = ids, .target = ids, .side = side});
  feed(sink, stack, AttentionKind::kSelf, rows);
  return sink.finish();
}

/// The definitions of aggregate.h by plain loops.
HeadSummary by_loops(const at::Tensor& head, const std::vector<std::int64_t>& ids) {
  const auto n = static_cast<std::int64_t>(ids.size());
  HeadSummary out;
  double induction = 0, duplicate = 0, induction_rows = 0, duplicate_rows = 0;
  for (std::int64_t q = 0; q < n; ++q) {
    bool can_induce = false, can_repeat = false;
    for (std::int64_t k = 0; k < n; ++k) {
      const double w = head[q][k].item<double>();
      if (w > 0) out.entropy -= w * std::log2(w) / static_cast<double>(n);
      const auto id = [&](std::int64_t at) { return ids[static_cast<std::size_t>(at)]; };
      if (k <= q && k >= 1 && id(k - 1) == id(q)) induction += w, can_induce = true;
      if (k < q && id(k) == id(q)) duplicate += w, can_repeat = true;
    }
    induction_rows += can_induce;
    duplicate_rows += can_repeat;
    out.sink += head[q][0].item<double>() / static_cast<double>(n);
    out.self += head[q][q].item<double>() / static_cast<double>(n);
    if (q > 0) out.previous += head[q][q - 1].item<double>() / static_cast<double>(n);
  }
  if (induction_rows > 0) out.induction = induction / induction_rows;
  if (duplicate_rows > 0) out.duplicate = duplicate / duplicate_rows;
  return out;
}

TEST(HeadSummaries, EqualTheirDefinitions) {
  const std::vector<std::int64_t> ids = {5, 6, 7, 5, 6, 9, 5, 8, 7};
  const Stack stack = random_attention(2, 3, 9, 9, true);
  for (const std::int64_t rows : {0, 2, 4}) {
    const auto found = summarise(stack, ids, rows);
    ASSERT_EQ(found.size(), 6U);
    for (const HeadSummary& head : found) {
      const HeadSummary truth = by_loops(stack[static_cast<std::size_t>(head.layer)][head.head], ids);
      EXPECT_NEAR(head.entropy, truth.entropy, kFloat32);
      EXPECT_NEAR(head.sink, truth.sink, kFloat32);
      EXPECT_NEAR(head.previous, truth.previous, kFloat32);
      EXPECT_NEAR(head.self, truth.self, kFloat32);
      EXPECT_NEAR(*head.induction, *truth.induction, kFloat32);
      EXPECT_NEAR(*head.duplicate, *truth.duplicate, kFloat32);
    }
  }
}

TEST(HeadSummaries, DoNotNeedTheKeysThatABlockDoesNotSee) {
  const std::vector<std::int64_t> ids = {5, 6, 7, 5, 6, 9, 5, 8, 7};
  const Stack stack = random_attention(2, 3, 9, 9, true);
  HeadSummaries sink({.source = ids, .target = ids});
  testing::feed_tiles(sink, stack, 2);
  const auto whole = summarise(stack, ids), tiled = sink.finish();
  ASSERT_EQ(whole.size(), tiled.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_NEAR(tiled[i].entropy, whole[i].entropy, kFloat32);
    EXPECT_NEAR(tiled[i].previous, whole[i].previous, kFloat32);
    EXPECT_NEAR(*tiled[i].induction, *whole[i].induction, kFloat32);
    EXPECT_NEAR(*tiled[i].duplicate, *whole[i].duplicate, kFloat32);
    EXPECT_EQ(tiled[i].keys, 9);
    EXPECT_EQ(tiled[i].thumbnail.values, whole[i].thumbnail.values);
  }
}

TEST(HeadSummaries, AreOfTheRowsThatTheySee) {
  const Stack stack = random_attention(1, 1, 9, 9, true);
  HeadSummaries sink({.source = {1, 2, 3, 4, 5, 6, 7, 8, 9}});
  testing::feed_tiles(sink, stack, 2, 5);
  const HeadSummary found = sink.finish().at(0);
  double first = 0, previous = 0, self = 0;
  for (int q = 5; q < 9; ++q) {
    first += stack[0][0][q][0].item<double>() / 4;
    previous += stack[0][0][q][q - 1].item<double>() / 4;
    self += stack[0][0][q][q].item<double>() / 4;
    EXPECT_EQ(found.thumbnail.at(q, 3), stack[0][0][q][3].item<float>());
  }
  EXPECT_NEAR(found.sink, first, kFloat32);
  EXPECT_NEAR(found.previous, previous, kFloat32);
  EXPECT_NEAR(found.self, self, kFloat32);
  EXPECT_EQ(found.thumbnail.at(4, 3), 0.0F) << "a row that never came";
}

TEST(HeadSummaries, TellAnInductionHead) {
  const std::vector<std::int64_t> ids = {1, 2, 3, 1, 2, 3};
  at::Tensor head = at::zeros({1, 6, 6});
  const int follows[] = {0, 0, 0, 1, 2, 3};  // what came after the same token before
  for (int q = 0; q < 6; ++q) head[0][q][follows[q]] = 1;
  const HeadSummary summary = summarise({head}, ids).at(0);
  EXPECT_NEAR(*summary.induction, 1.0, kFloat32);
  EXPECT_NEAR(*summary.duplicate, 0.0, kFloat32);
  EXPECT_NEAR(summary.entropy, 0.0, kFloat32);
}

TEST(HeadSummaries, LeaveOutWhatDoesNotApply) {
  const auto distinct = summarise(random_attention(1, 1, 4, 4, true), {1, 2, 3, 4});
  EXPECT_FALSE(distinct.at(0).induction);
  EXPECT_FALSE(distinct.at(0).duplicate);
  HeadSummaries cross({.source = {1, 1, 1, 1}, .heads = {4, 9}});
  feed(cross, random_attention(1, 2, 4, 4, false), AttentionKind::kCross);
  const auto found = cross.finish();
  EXPECT_EQ(found.at(1).head, 9);
  EXPECT_EQ(found.at(0).self, 0);
  EXPECT_FALSE(found.at(0).duplicate);
}

TEST(HeadSummaries, AreOfTheLayersAskedFor) {
  HeadSummaries sink({.source = {1, 2, 3, 4}, .layers = {0, 2}});
  feed(sink, random_attention(3, 1, 4, 4, true));
  const auto found = sink.finish();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].layer, 2);
}

TEST(HeadSummaries, ThumbnailsKeepEveryPeak) {
  for (const std::int64_t rows : {0, 7}) {
    at::Tensor head = at::zeros({1, 50, 50});
    head[0][49][3] = 0.75;
    head[0][20][20] = 0.5;
    const HeadSummary summary = summarise({head}, std::vector<std::int64_t>(50, 1), rows, 16).at(0);
    EXPECT_EQ(summary.queries, 50);
    EXPECT_EQ(summary.keys, 50);
    const Matrix& picture = summary.thumbnail;
    EXPECT_EQ(picture.rows, 16);
    EXPECT_EQ(picture.columns, 16);
    EXPECT_EQ(picture.at(15, 0), 0.75F);
    EXPECT_EQ(picture.at(20 * 16 / 50, 20 * 16 / 50), 0.5F);
    EXPECT_EQ(picture.at(0, 15), 0.0F);
  }
  const Stack small = random_attention(1, 1, 5, 5, false);
  const Matrix same = summarise(small, {1, 2, 3, 4, 5}).at(0).thumbnail;
  for (int i = 0; i < 25; ++i)
    EXPECT_EQ(same.values[static_cast<std::size_t>(i)], small[0][0][i / 5][i % 5].item<float>());
}

}  // namespace
}  // namespace attnviz::aggregate
