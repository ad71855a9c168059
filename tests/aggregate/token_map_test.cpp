#include <gtest/gtest.h>

#include <numeric>

#include "aggregate/attention.h"

namespace attnviz::aggregate {
namespace {

using testing::named;
using testing::random_attention;
using testing::reduce;

/// Six tokens: a template token, two of segment a, one of glue, one of segment b, one generated.
std::shared_ptr<Sequence> sample() {
  auto sequence = std::make_shared<Sequence>();
  sequence->text = "aa b c";
  sequence->generated = " d";
  sequence->segments = {{"a", {{0, 2}}}, {"", {{2, 4}}}, {"b", {{4, 6}}}};
  sequence->units.resize(6);
  const Span spans[] = {{0, 1}, {1, 2}, {2, 4}, {4, 6}, {6, 8}};
  for (std::size_t i = 0; i < 5; ++i) sequence->units[i + 1].place = TextSpan{spans[i]};
  sequence->units[5].generated = true;
  assign_segments(*sequence);
  return sequence;
}

const auto kBoth = testing::named({"mean", "max"});

TEST(TokenMap, HoldsTheRowOfItsQuery) {
  const auto stack = random_attention(3, 2, 6, 6, true);
  const AttentionMaps maps = reduce(stack, {.reductions = kBoth, .per_head = true});
  const TokenMap map =
      make_token_map(maps, kBoth, {.index = 5, .query = 4}, {sample(), nullptr}, Side::kSource, true);
  ASSERT_EQ(map.views.size(), 1U);
  const AttentionView& view = map.views[0];
  EXPECT_EQ(view.sources, (std::vector<std::int64_t>{0, 1, 2, 3, 4}))
      << "a causal query sees itself and its past";
  ASSERT_EQ(view.reductions.size(), 2U);
  for (int l = 0; l < 3; ++l) {
    for (int k = 0; k < 5; ++k) {
      const at::Tensor heads = stack[static_cast<std::size_t>(l)].select(1, 4).select(1, k);
      EXPECT_NEAR(view.reductions[0].layers.at(l, k), heads.mean().item<float>(), 1e-7);
      EXPECT_EQ(view.reductions[1].layers.at(l, k), heads.max().item<float>());
      EXPECT_EQ(view.per_head[static_cast<std::size_t>(l)].at(1, k), heads[1].item<float>());
    }
  }
}

TEST(TokenMap, SegmentMassesCoverEveryTokenOnce) {
  const AttentionMaps maps = reduce(random_attention(3, 2, 6, 6, true), {.reductions = named({"mean"})});
  const auto mean = named({"mean"});
  const AttentionView view =
      make_token_map(maps, mean, {.index = 5, .query = 5}, {sample(), nullptr}, Side::kSource, true)
          .views.at(0);
  const std::vector<float>& w = view.reductions[0].overall;
  ASSERT_EQ(view.segments.size(), 4U);
  EXPECT_EQ(view.segments[0].name, "a");
  EXPECT_NEAR(view.segments[0].mass, w[1] + w[2], 1e-6);
  EXPECT_EQ(view.segments[1].name, "") << "glue and template";
  EXPECT_NEAR(view.segments[1].mass, w[0] + w[3], 1e-6);
  EXPECT_NEAR(view.segments[2].mass, w[4], 1e-6);
  EXPECT_EQ(view.segments[3].name, "generated");
  EXPECT_NEAR(view.segments[3].mass, w[5], 1e-6);
  double sum = 0;
  for (const SegmentMass& segment : view.segments) sum += segment.mass;
  EXPECT_NEAR(sum, 1.0, 1e-6);
}

TEST(TokenMap, SaysWhichHeadsWereReducedOver) {
  const auto stack = random_attention(1, 2, 6, 6, true);
  const auto mean = named({"mean"});
  const AttentionMaps all = reduce(stack, {.reductions = mean});
  EXPECT_TRUE(make_token_map(all, mean, {.query = 4}, {sample(), nullptr}, Side::kSource, true)
                  .views[0]
                  .selected_heads.empty());
  const AttentionMaps part = reduce(stack, {.reductions = mean, .heads = {1, 3}});
  EXPECT_EQ(make_token_map(part, mean, {.query = 4}, {sample(), nullptr}, Side::kSource, true)
                .views[0]
                .selected_heads,
            (std::vector<int>{1, 3}));
}

TEST(TokenMap, OfAnEncoderSeesEverything) {
  const AttentionMaps maps = reduce(random_attention(1, 2, 6, 6, false), {.reductions = kBoth});
  const TokenMap map =
      make_token_map(maps, kBoth, {.index = 1, .query = 1}, {sample(), nullptr}, Side::kSource, false);
  EXPECT_EQ(map.views.at(0).sources.size(), 6U);
}

TEST(TokenMap, OfAnEncoderDecoderHasACrossAndADecoderView) {
  Reductions sink({.reductions = kBoth, .asking = Side::kTarget});
  testing::feed(sink, random_attention(2, 2, 6, 6, false), AttentionKind::kEncoder);
  testing::feed(sink, random_attention(2, 2, 3, 3, true), AttentionKind::kDecoder);
  testing::feed(sink, random_attention(2, 2, 3, 6, false), AttentionKind::kCross);
  const auto target = std::make_shared<Sequence>();
  target->units.resize(3);
  const TokenMap map =
      make_token_map(sink.finish(), kBoth, {.index = 1, .query = 1}, {sample(), target}, Side::kTarget, true);
  ASSERT_EQ(map.views.size(), 2U);
  EXPECT_EQ(map.views[0].kind, AttentionKind::kCross);
  EXPECT_EQ(map.views[0].sources.size(), 6U);
  EXPECT_EQ(map.views[1].kind, AttentionKind::kDecoder);
  EXPECT_EQ(map.views[1].sources.size(), 2U);
}

TEST(TokenMap, RefusesAttentionThatDoesNotFitTheText) {
  const AttentionMaps maps = reduce(random_attention(1, 2, 9, 9, false), {.reductions = kBoth});
  EXPECT_THROW(make_token_map(maps, kBoth, {.query = 8}, {sample(), nullptr}, Side::kSource, false), Error);
  EXPECT_THROW(make_token_map(maps, kBoth, {.query = 2}, {sample(), nullptr}, Side::kSource, true), Error)
      << "also where a causal query would see fewer keys than there are tokens";
  const AttentionMaps no_mean = reduce(random_attention(1, 2, 6, 6, true), {.reductions = named({"max"})});
  const auto max = named({"max"});
  EXPECT_THROW(make_token_map(no_mean, max, {.query = 2}, {sample(), nullptr}, Side::kSource, true), Error);
}

}  // namespace
}  // namespace attnviz::aggregate
