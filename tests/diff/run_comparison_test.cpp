// Properties of comparisons, on random runs, against what the definitions say.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <set>

#include "diff/runs.h"

namespace attnviz::diff {
namespace {

using nlohmann::json;
using test::make_run;
using test::reduced;
using Row = std::vector<float>;
using Texts = std::vector<std::string>;

Row random_row(std::mt19937& random, std::size_t size) {
  Row row(size);
  for (float& weight : row) weight = static_cast<float>(random() % 1000) / 1000;
  return row;
}

/// Words of a small vocabulary, so that runs share some; the last few are outputs with maps of `layers`.
SavedRun random_run(std::mt19937& random, std::size_t layers) {
  Texts texts(4 + random() % 8);
  for (std::string& text : texts) text = std::string(1, static_cast<char>('a' + random() % 5));
  std::vector<std::pair<std::size_t, std::vector<ReducedAttention>>> outputs;
  for (std::size_t index = texts.size() / 2; index < texts.size(); ++index) {
    std::vector<ReducedAttention> reductions;
    for (const char* name : {"max", "mean"}) {
      std::vector<Row> rows(layers);
      for (Row& row : rows) row = random_row(random, index + 1);
      reductions.push_back(reduced(name, rows));
    }
    outputs.emplace_back(index, std::move(reductions));
  }
  return make_run(texts, outputs);
}

/// Calls `check` with the comparisons of random runs that can be compared, many times.
template <class Check>
void for_random_comparisons(const Check& check) {
  std::mt19937 random(23);
  int compared = 0;
  for (int round = 0; round < 120; ++round) {
    const SavedRun a = random_run(random, 1 + random() % 3), b = random_run(random, 1 + random() % 3);
    try {
      const RunComparison comparison(a, b);
      ++compared;
      check(a, b, comparison);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("no output token in common"), std::string::npos);
    }
  }
  EXPECT_GT(compared, 60);
}

TEST(RandomComparisons, EveryOutputIsComparedOnceOrIsAlone) {
  for_random_comparisons([](const SavedRun& a, const SavedRun& b, const RunComparison& comparison) {
    const RunDiff& diff = comparison.diff();
    std::multiset<std::int64_t> found_a(diff.only_a.begin(), diff.only_a.end());
    std::multiset<std::int64_t> found_b(diff.only_b.begin(), diff.only_b.end());
    for (const TokenDiff& token : diff.tokens) {
      found_a.insert(token.index_a);
      found_b.insert(token.index_b);
      EXPECT_EQ(a.positions.at(static_cast<std::size_t>(token.index_a)), token.text);
      EXPECT_EQ(b.positions.at(static_cast<std::size_t>(token.index_b)), token.text);
    }
    std::multiset<std::int64_t> all_a, all_b;
    for (const SavedMap& map : a.maps) all_a.insert(map.token.index);
    for (const SavedMap& map : b.maps) all_b.insert(map.token.index);
    EXPECT_EQ(found_a, all_a);
    EXPECT_EQ(found_b, all_b);
  });
}

TEST(RandomComparisons, TheLargestChangeIsTheLargestThatAnyPictureShows) {
  for_random_comparisons([](const SavedRun&, const SavedRun&, const RunComparison& comparison) {
    double largest = 0;
    const auto look = [&](const std::vector<Heatmap>& maps) {
      for (const Heatmap& map : maps) {
        for (const float change : map.weights.values)
          largest = std::max(largest, std::abs(static_cast<double>(change)));
      }
    };
    for (std::size_t token = 0; token < comparison.diff().tokens.size(); ++token)
      look(comparison.heatmaps(token));
    look(comparison.overview());
    EXPECT_EQ(comparison.largest_change(), largest);
  });
}

TEST(RandomComparisons, ChangesOfTheOverallRowSumToTheDifferenceOfTheirSums) {
  const auto mean_of = [](const SavedRun& run, std::int64_t index) {
    for (const SavedMap& map : run.maps) {
      for (const ReducedAttention& reduction : map.views[0].reductions) {
        if (map.token.index == index && reduction.reduction == &test::kMean) return reduction.overall;
      }
    }
    return Row();
  };
  const auto sum = [](const Row& row) { return std::accumulate(row.begin(), row.end(), 0.0); };
  for_random_comparisons([&](const SavedRun& a, const SavedRun& b, const RunComparison& comparison) {
    for (std::size_t i = 0; i < comparison.diff().tokens.size(); ++i) {
      const TokenDiff& token = comparison.diff().tokens[i];
      const Heatmap map = comparison.heatmaps(i).at(0);
      ASSERT_EQ(map.row_labels.back(), "overall");
      const Row overall(map.weights.values.end() - map.weights.columns, map.weights.values.end());
      EXPECT_NEAR(sum(overall), sum(mean_of(b, token.index_b)) - sum(mean_of(a, token.index_a)), 1e-4);
    }
  });
}

TEST(RandomComparisons, DivergencesAreSharesOfABitAndOnlyOfDistributions) {
  for_random_comparisons([](const SavedRun&, const SavedRun&, const RunComparison& comparison) {
    for (const TokenDiff& token : comparison.diff().tokens) {
      for (const MapDiff& map : token.maps) {
        ASSERT_EQ(map.divergence.has_value(), map.reduction->distribution);
        if (!map.divergence) continue;
        const auto [js, only_a, only_b] = *map.divergence;
        EXPECT_GE(js, 0);
        EXPECT_LE(js, 1);
        EXPECT_GE(js + 1e-6, (only_a + only_b) / 2) << "what the other lacks counts in full";
      }
    }
  });
}

TEST(RandomComparisons, PeaksAreTheLargestOfAll) {
  for_random_comparisons([](const SavedRun&, const SavedRun&, const RunComparison& comparison) {
    const RunDiff& diff = comparison.diff();
    double js = -1, change = -1;
    for (const TokenDiff& token : diff.tokens) {
      for (const MapDiff& map : token.maps) {
        if (map.divergence) js = std::max(js, map.divergence->js);
        if (map.largest) change = std::max(change, std::abs(map.largest->value));
      }
    }
    ASSERT_NE(diff.most_divergent(), nullptr);
    EXPECT_EQ(diff.most_divergent()->most_divergent()->divergence->js, js);
    if (change < 0) {
      EXPECT_EQ(diff.most_different(), nullptr);
    } else {
      EXPECT_EQ(std::abs(diff.most_different()->most_different()->largest->value), change);
    }
  });
}

TEST(RandomComparisons, ComeBackFromTheirJson) {
  for_random_comparisons([](const SavedRun&, const SavedRun&, const RunComparison& comparison) {
    const RunDiff& diff = comparison.diff();
    const json read = json::parse(diff_json(diff));
    ASSERT_EQ(read["tokens"].size(), diff.tokens.size());
    EXPECT_EQ(read["only_a"].get<std::vector<std::int64_t>>(), diff.only_a);
    EXPECT_EQ(read["only_b"].get<std::vector<std::int64_t>>(), diff.only_b);
    EXPECT_EQ(read["differences"].get<Texts>(), diff.differences);
    EXPECT_EQ(read["warnings"].get<Texts>(), diff.warnings);
    for (std::size_t i = 0; i < diff.tokens.size(); ++i) {
      const json& token = read["tokens"][i];
      EXPECT_EQ(token["index_a"], diff.tokens[i].index_a);
      EXPECT_EQ(token["index_b"], diff.tokens[i].index_b);
      EXPECT_TRUE(token["png"].is_null());
      ASSERT_EQ(token["maps"].size(), diff.tokens[i].maps.size());
      for (std::size_t j = 0; j < diff.tokens[i].maps.size(); ++j) {
        const MapDiff& map = diff.tokens[i].maps[j];
        const json& written = token["maps"][j];
        EXPECT_EQ(written["reduction"], map.reduction->name);
        EXPECT_EQ(written.contains("js"), map.divergence.has_value());
        if (map.divergence) {
          EXPECT_EQ(written["js"].get<float>(), static_cast<float>(map.divergence->js));
        }
        EXPECT_EQ(written["largest_difference"].is_null(), !map.largest.has_value());
        if (!map.largest) continue;
        const json& largest = written["largest_difference"];
        EXPECT_EQ(largest["value"].get<float>(), static_cast<float>(map.largest->value));
        EXPECT_EQ(largest["layer"].is_null(), !map.largest->layer.has_value());
        EXPECT_EQ(largest["source"]["index_a"], map.largest->a.index);
      }
    }
  });
}

/// One output with a view of every kind, in the order of `kinds`.
SavedRun run_of_kinds(const std::vector<AttentionKind>& kinds, float first) {
  SavedRun run = make_run({"a", "b"}, {{1, {reduced("mean", {{first, 1 - first}})}}});
  const SavedView view = run.maps[0].views[0];
  run.maps[0].views.clear();
  for (const AttentionKind kind : kinds) {
    run.maps[0].views.push_back(view);
    run.maps[0].views.back().kind = kind;
  }
  return run;
}

TEST(RunComparison, KindsStandInTheOrderOfARunsResults) {
  const std::vector<AttentionKind> kinds = {AttentionKind::kEncoder, AttentionKind::kDecoder,
                                            AttentionKind::kCross};
  const RunComparison comparison(run_of_kinds(kinds, 0.25F), run_of_kinds(kinds, 0.5F));
  std::vector<AttentionKind> expected(kAttentionKinds.begin(), kAttentionKinds.end());
  std::erase(expected, AttentionKind::kSelf);
  std::vector<AttentionKind> compared, drawn, summed;
  for (const MapDiff& map : comparison.diff().tokens.at(0).maps) compared.push_back(map.kind);
  for (const Heatmap& map : comparison.heatmaps(0)) drawn.push_back(map.kind);
  for (const Heatmap& map : comparison.overview()) summed.push_back(map.kind);
  EXPECT_EQ(compared, expected);
  EXPECT_EQ(drawn, expected);
  EXPECT_EQ(summed, expected);
}

TEST(RunComparison, KindsAndReductionsOfOneRunAreSaidAndLeftOut) {
  const SavedRun both = run_of_kinds({AttentionKind::kDecoder, AttentionKind::kCross}, 0.5F);
  SavedRun one = run_of_kinds({AttentionKind::kCross}, 0.5F);
  one.maps[0].views[0].reductions.push_back(reduced("max", {{1, 1}}));
  const RunComparison comparison(both, one);
  EXPECT_EQ(comparison.diff().tokens.at(0).maps.size(), 1U);
  EXPECT_EQ(comparison.diff().warnings.front(), "only one run has attention decoder; not compared");
  EXPECT_NE(std::find(comparison.diff().warnings.begin(), comparison.diff().warnings.end(),
                      "only one run has reductions max; not compared"),
            comparison.diff().warnings.end());
}

TEST(RunComparison, AWarningOfManyTokensIsGivenOnce) {
  const auto map = [](std::size_t index, std::vector<Row> rows) {
    return std::pair{index, std::vector{reduced("mean", rows)}};
  };
  const Texts texts = {"a", "b", "c"};
  const RunComparison comparison(
      make_run(texts, {map(0, {{1}, {1}}), map(1, {{1, 0}, {1, 0}}), map(2, {{1, 0, 0}, {1, 0, 0}})}),
      make_run(texts, {map(0, {{1}}), map(1, {{1, 0}}), map(2, {{1, 0, 0}})}));
  EXPECT_EQ(
      comparison.diff().warnings,
      Texts{"layers of self attention differ, 2 and 1; compared 1 layer of both, and the overall rows"});
}

TEST(RunComparison, DrawsADistributionOverHeadsWhereBothHaveOne) {
  const std::vector<ReducedAttention> max_and_mean = {reduced("max", {{1, 1}}),
                                                      reduced("mean", {{0.5F, 0.5F}})};
  const SavedRun both = make_run({"a", "b"}, {{1, max_and_mean}});
  const SavedRun max = make_run({"a", "b"}, {{1, {reduced("max", {{1, 0.5F}})}}});
  const auto title = [](const SavedRun& a, const SavedRun& b) {
    return RunComparison(a, b).heatmaps(0).at(0).title;
  };
  EXPECT_EQ(title(both, both), "B − A, mean, self attention");
  EXPECT_EQ(title(both, max), "B − A, max, self attention");
}

TEST(BatchDiff, TheMostDivergentRecordIsTheOneWithTheLargestDivergence) {
  const auto run = [](float first) {
    return make_run({"a", "b"}, {{1, {reduced("mean", {{first, 1 - first}})}}});
  };
  BatchDiff batch;
  EXPECT_EQ(batch.most_divergent(), nullptr);
  batch.records.push_back({"failed", std::nullopt, "not compared"});
  EXPECT_EQ(batch.most_divergent(), nullptr);
  for (const float first : {0.5F, 1.0F, 0.75F})
    batch.records.push_back({std::to_string(first), RunComparison(run(0), run(first)).diff(), ""});
  EXPECT_EQ(batch.most_divergent(), &batch.records[2]);
  const json read = json::parse(diff_json(batch));
  EXPECT_EQ(read["records"][0], json({{"id", "failed"}, {"error", "not compared"}}));
  EXPECT_EQ(read["records"][2]["largest_js"]["js"], 1.0);
  EXPECT_FALSE(read["records"][2].contains("error"));
}

}  // namespace
}  // namespace attnviz::diff
