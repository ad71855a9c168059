#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "attnviz/core.h"

namespace attnviz {
namespace {

TEST(AttentionKinds, AreListedOnceAndHaveNamesOfTheirOwn) {
  std::set<AttentionKind> kinds(kAttentionKinds.begin(), kAttentionKinds.end());
  std::set<std::string_view> names;
  for (const AttentionKind kind : kAttentionKinds) names.insert(to_string(kind));
  EXPECT_EQ(kinds.size(), kAttentionKinds.size());
  EXPECT_EQ(names, (std::set<std::string_view>{"self", "encoder", "decoder", "cross"}));
}

TEST(Axes, SayWhoseUnitsQueriesAndKeysAre) {
  Sequences sequences{std::make_shared<Sequence>(), std::make_shared<Sequence>()};
  const auto looks = [&](AttentionKind kind) {
    const Axes axes = axes_of(kind);
    return std::pair{sequences.of(axes.queries), sequences.of(axes.keys)};
  };
  EXPECT_EQ(looks(AttentionKind::kSelf), std::pair(sequences.source, sequences.source));
  EXPECT_EQ(looks(AttentionKind::kEncoder), std::pair(sequences.source, sequences.source));
  EXPECT_EQ(looks(AttentionKind::kDecoder), std::pair(sequences.target, sequences.target));
  EXPECT_EQ(looks(AttentionKind::kCross), std::pair(sequences.target, sequences.source));
}

TEST(Axes, OnlyWhatLooksAtItsOwnPastMayBeCausal) {
  for (const AttentionKind kind : kAttentionKinds) {
    const Axes axes = axes_of(kind);
    EXPECT_TRUE(!axes.may_be_causal || axes.within_one()) << to_string(kind);
  }
  EXPECT_TRUE(axes_of(AttentionKind::kSelf).may_be_causal) << "a language model";
  EXPECT_TRUE(axes_of(AttentionKind::kDecoder).may_be_causal);
  EXPECT_FALSE(axes_of(AttentionKind::kEncoder).may_be_causal) << "it reads the whole source";
  EXPECT_FALSE(axes_of(AttentionKind::kCross).within_one());
}

constexpr int kLayers = 5;

Needs random_needs(std::mt19937& random) {
  Needs needs;
  for (const AttentionKind kind : kAttentionKinds) {
    if (random() % 3 == 0) needs.kinds.push_back(kind);
  }
  for (int layer = 0; layer < kLayers; ++layer) {
    if (random() % 3 == 0) needs.layers.push_back(layer);
  }
  needs.first_query = random() % 8;
  return needs;
}

TEST(Needs, OfTwoServeBothAndTheirSelectionsAreNoWider) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    const Needs a = random_needs(random), b = random_needs(random), both = a | b;
    for (const AttentionKind kind : kAttentionKinds)
      EXPECT_EQ(both.kind(kind), a.kind(kind) || b.kind(kind)) << to_string(kind);
    for (int layer = 0; layer < kLayers; ++layer)
      EXPECT_EQ(both.layer(layer), a.layer(layer) || b.layer(layer)) << layer;
    EXPECT_EQ(both.first_query, std::min(a.first_query, b.first_query));
    EXPECT_TRUE(std::is_sorted(both.layers.begin(), both.layers.end()));
  }
}

TEST(Needs, DoNotDependOnWhoIsAskedFirst) {
  std::mt19937 random(13);
  for (int round = 0; round < 100; ++round) {
    const Needs a = random_needs(random), b = random_needs(random), c = random_needs(random);
    const Needs one = (a | b) | c, other = c | (b | a);
    EXPECT_EQ(one.kinds, other.kinds);
    EXPECT_EQ(one.layers, other.layers);
    EXPECT_EQ(one.first_query, other.first_query);
    const Needs twice = a | a;
    EXPECT_EQ(twice.layers, a.layers);
    EXPECT_EQ(std::set(twice.kinds.begin(), twice.kinds.end()), std::set(a.kinds.begin(), a.kinds.end()));
  }
}

TEST(Needs, OfNothingSaidAreEverything) {
  const Needs all, one{.kinds = {AttentionKind::kCross}, .layers = {3}, .first_query = 9};
  EXPECT_TRUE(all.kind(AttentionKind::kCross) && all.layer(1'000));
  EXPECT_TRUE((all | one).kinds.empty());
  EXPECT_TRUE((all | one).layers.empty());
  EXPECT_EQ((all | one).first_query, 0);
}

/// Weights that tell where they stand: layer, query, key.
AttentionMap numbered_map(const ReductionInfo& reduction, AttentionKind kind) {
  AttentionMap map{.kind = kind, .reduction = &reduction, .layers = {0, 4}, .queries = {2, 5, 6}, .keys = 4};
  for (int layer = 0; layer < 2; ++layer) {
    for (int query = 0; query < 3; ++query) {
      for (int key = 0; key < 4; ++key)
        map.by_layer.push_back(static_cast<float>(layer * 100 + query * 10 + key));
    }
  }
  map.overall.assign(map.by_layer.begin(), map.by_layer.begin() + 12);
  return map;
}

constexpr ReductionInfo kOne{.name = "one"}, kOther{.name = "one"};

TEST(AttentionMap, RowsAreTheKeysOfOneQueryInOneLayer) {
  const AttentionMap map = numbered_map(kOne, AttentionKind::kSelf);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    for (std::size_t query = 0; query < 3; ++query) {
      const auto row = map.row(layer, query);
      ASSERT_EQ(row.size(), 4U);
      for (std::size_t key = 0; key < 4; ++key)
        EXPECT_EQ(row[key], static_cast<float>(layer * 100 + query * 10 + key));
    }
  }
  EXPECT_EQ(map.overall_row(2)[3], 23.0F);
  EXPECT_EQ(map.overall_row(2).size(), 4U);
}

TEST(AttentionMaps, AreFoundByKindAndByTheReductionItself) {
  AttentionMaps maps;
  maps.maps = {numbered_map(kOne, AttentionKind::kSelf), numbered_map(kOne, AttentionKind::kCross)};
  EXPECT_EQ(maps.find(AttentionKind::kCross, kOne), &maps.maps[1]);
  EXPECT_EQ(maps.find(AttentionKind::kDecoder, kOne), nullptr);
  EXPECT_EQ(maps.find(AttentionKind::kSelf, kOther), nullptr) << "another one of the same name";
}

TEST(Matrix, IsRowMajor) {
  const Matrix matrix{2, 3, {0, 1, 2, 3, 4, 5}};
  EXPECT_EQ(matrix.at(0, 2), 2.0F);
  EXPECT_EQ(matrix.at(1, 0), 3.0F);
}

}  // namespace
}  // namespace attnviz
