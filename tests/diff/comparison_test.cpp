#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "diff/runs.h"

namespace attnviz::diff {
namespace {

using test::make_run;
using test::reduced;
using Row = std::vector<float>;
using Texts = std::vector<std::string>;

/// Entropy in bits; the Jensen–Shannon divergence is H((p + q) / 2) − (H(p) + H(q)) / 2.
double entropy(const std::vector<double>& p) {
  double sum = 0;
  for (const double x : p) sum -= x > 0 ? x * std::log2(x) : 0;
  return sum;
}

double js_by_entropies(const std::vector<double>& p, const std::vector<double>& q) {
  std::vector<double> middle(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) middle[i] = (p[i] + q[i]) / 2;
  return entropy(middle) - (entropy(p) + entropy(q)) / 2;
}

Row random_row(std::mt19937& random, std::size_t size) {
  Row row(size);
  for (float& weight : row) weight = static_cast<float>(random() % 1000 + 1);
  const float sum = std::accumulate(row.begin(), row.end(), 0.0F);
  for (float& weight : row) weight /= sum;
  return row;
}

SavedRun one_map(const Texts& texts, const std::vector<Row>& rows) {
  return make_run(texts, {{texts.size() - 1, {reduced("mean", rows)}}});
}

const MapDiff& only_map(const RunComparison& comparison) { return comparison.diff().tokens.at(0).maps.at(0); }

TEST(RunComparison, ARunIsNoDifferentFromItself) {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    const SavedRun run = one_map({"a", "b", "c", "d"}, {random_row(random, 4), random_row(random, 4)});
    const RunComparison comparison(run, run);
    EXPECT_EQ(only_map(comparison).divergence->js, 0.0);
    EXPECT_EQ(only_map(comparison).largest->value, 0.0);
    EXPECT_TRUE(comparison.diff().differences.empty());
    EXPECT_TRUE(comparison.diff().warnings.empty());
  }
}

TEST(RunComparison, JensenShannonIsThatOfTheEntropiesAndSymmetric) {
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    const Row p = random_row(random, 6), q = random_row(random, 6);
    const SavedRun a = one_map({"a", "b", "c", "d", "e", "f"}, {p}),
                   b = one_map({"a", "b", "c", "d", "e", "f"}, {q});
    const double js = only_map(RunComparison(a, b)).divergence->js;
    EXPECT_NEAR(js, js_by_entropies({p.begin(), p.end()}, {q.begin(), q.end()}), 1e-6);
    EXPECT_DOUBLE_EQ(js, only_map(RunComparison(b, a)).divergence->js);
  }
}

TEST(RunComparison, NothingInCommonIsOneBit) {
  const RunComparison comparison(one_map({"a", "b"}, {{1, 0}}), one_map({"a", "b"}, {{0, 1}}));
  EXPECT_DOUBLE_EQ(only_map(comparison).divergence->js, 1.0);
}

TEST(RunComparison, SaysWhereTheLargestDifferenceIs) {
  const RunComparison comparison(
      one_map({"a", "b", "c"}, {{0.2F, 0.3F, 0.5F}, {0.1F, 0.8F, 0.1F}, {1, 0, 0}}),
      one_map({"a", "b", "c"}, {{0.3F, 0.3F, 0.4F}, {0.1F, 0.2F, 0.7F}, {1, 0, 0}}));
  const WeightChange& change = *only_map(comparison).largest;
  EXPECT_FLOAT_EQ(static_cast<float>(std::abs(change.value)), 0.6F);
  EXPECT_EQ(change.layer, 1);
  EXPECT_TRUE((change.b.text == "b" && change.value < 0) || (change.b.text == "c" && change.value > 0));
}

TEST(RunComparison, SourcesThatOneSideLacksCountAndAreReported) {
  // B has "new" between, with a quarter of the weight; the rest is as in A, scaled by 3/4.
  const RunComparison comparison(one_map({"x", "y", "end"}, {{0.5F, 0.25F, 0.25F}}),
                                 one_map({"x", "new", "y", "end"}, {{0.375F, 0.25F, 0.1875F, 0.1875F}}));
  const Divergence& divergence = *only_map(comparison).divergence;
  EXPECT_NEAR(divergence.js, js_by_entropies({0.5, 0, 0.25, 0.25}, {0.375, 0.25, 0.1875, 0.1875}), 1e-7);
  EXPECT_DOUBLE_EQ(divergence.only_a, 0);
  EXPECT_DOUBLE_EQ(divergence.only_b, 0.25);
  EXPECT_FLOAT_EQ(static_cast<float>(only_map(comparison).largest->value), -0.125F) << "of sources of both";
  ASSERT_EQ(comparison.diff().warnings.size(), 1U);
  EXPECT_NE(comparison.diff().warnings[0].find("0 sources of A and 1 of B"), std::string::npos);
}

TEST(RunComparison, OutputsOfOtherLengthsAreAlignedByTheirTexts) {
  const auto map = [](std::size_t index, float first) {
    return std::pair{index, std::vector{reduced("mean", {{first, 1 - first}})}};
  };
  const RunComparison comparison(
      make_run({"p", "q", "is", "Tessin", "."}, {map(2, 0.5F), map(3, 0.25F), map(4, 0)}),
      make_run({"p", "q", "Tessin", "!", "."}, {map(2, 0.75F), map(3, 1), map(4, 0)}));
  const RunDiff& diff = comparison.diff();
  ASSERT_EQ(diff.tokens.size(), 2U);
  EXPECT_EQ(diff.tokens[0].text, "Tessin");
  EXPECT_EQ(diff.tokens[0].index_a, 3);
  EXPECT_EQ(diff.tokens[0].index_b, 2);
  EXPECT_FLOAT_EQ(static_cast<float>(std::abs(diff.tokens[0].maps[0].largest->value)), 0.5F);
  EXPECT_EQ(diff.only_a, std::vector<std::int64_t>{2});
  EXPECT_EQ(diff.only_b, std::vector<std::int64_t>{3});
  EXPECT_EQ(diff.most_divergent()->text, "Tessin");
}

TEST(RunComparison, TheSameTextIsAlignedByPositionThoughWordsRepeat) {
  const auto map = [](std::size_t index) { return std::pair{index, std::vector{reduced("mean", {{1.0F}})}}; };
  const Texts texts = {"the", "the", "the"};
  const RunComparison comparison(make_run(texts, {map(0), map(1), map(2)}), make_run(texts, {map(2)}));
  ASSERT_EQ(comparison.diff().tokens.size(), 1U);
  EXPECT_EQ(comparison.diff().tokens[0].index_a, 2);
}

TEST(RunComparison, ReductionsThatAreNoDistributionsHaveNoDivergence) {
  const SavedRun run = make_run({"a", "b"}, {{1, {reduced("max", {{1, 1}}), reduced("min", {{0, 0}})}}});
  const RunComparison comparison(run, run);
  EXPECT_EQ(comparison.diff().most_divergent(), nullptr);
  EXPECT_NE(comparison.diff().most_different(), nullptr);
}

TEST(RunComparison, ARowWithoutMassSharesNothingWithOneThatHasSome) {
  const SavedRun none = one_map({"a", "b"}, {{0, 0}}), some = one_map({"a", "b"}, {{0.5F, 0.5F}});
  EXPECT_EQ(only_map(RunComparison(none, some)).divergence->js, 1.0);
  EXPECT_EQ(only_map(RunComparison(none, none)).divergence->js, 0.0);
}

TEST(RunComparison, ComparesTheLayersThatBothHave) {
  SavedRun a = one_map({"a", "b"}, {{1, 0}, {0.5F, 0.5F}}), b = one_map({"a", "b"}, {{0.5F, 0.5F}});
  b.maps[0].views[0].layers = {1};
  const RunComparison comparison(a, b);
  EXPECT_EQ(only_map(comparison).largest->value, 0.0) << "layer 1 with layer 1";
  ASSERT_EQ(comparison.diff().warnings.size(), 1U);
  EXPECT_NE(comparison.diff().warnings[0].find("2 and 1"), std::string::npos);
}

TEST(RunComparison, SaysWhatDiffersFirst) {
  SavedRun a = one_map({"a"}, {{1}}), b = a;
  a.options = {{"reduce", "[\"mean\"]"}, {"generate", "8"}};
  b.options = {{"reduce", "[\"max\"]"}};
  a.texts = {{"generated_text", "Tessin"}};
  b.texts = {{"generated_text", "Sarvik"}};
  b.sha256 = std::string(64, 'b');
  EXPECT_EQ(
      RunComparison(a, b).diff().differences,
      (Texts{"models differ: model.pt (sha256 aaaaaaaaaaaa…) and model.pt (sha256 bbbbbbbbbbbb…)",
             "option generate differs: 8 and not given", "option reduce differs: [\"mean\"] and [\"max\"]",
             "generated_text differs: 'Tessin' and 'Sarvik'"}));
}

TEST(RunComparison, CutsWhatDiffersBetweenCharacters) {
  for (const char* before : {"", "a", "ab", "abc"}) {
    std::string text = before;
    for (int i = 0; i < 40; ++i) text += "𝛼";
    SavedRun a = one_map({"a"}, {{1}}), b = a;
    a.texts = {{"text", text}};
    a.sha256 = text;
    const RunComparison comparison(a, b);
    EXPECT_EQ(comparison.diff().differences.size(), 2U);
    for (const std::string& sentence : comparison.diff().differences)
      EXPECT_EQ(find_invalid_utf8(sentence), std::nullopt) << sentence;
  }
}

TEST(RunComparison, RefusesRunsThatShareNothing) {
  const SavedRun run = one_map({"a"}, {{1}});
  EXPECT_THROW(RunComparison(run, one_map({"b"}, {{1}})), Error) << "no output token";
  EXPECT_THROW(RunComparison(run, make_run({"a"}, {{0, {reduced("max", {{1}})}}})), Error) << "no reduction";
  SavedRun cross = run;
  cross.maps[0].views[0].kind = AttentionKind::kCross;
  EXPECT_THROW(RunComparison(run, cross), Error) << "no attention";
}

TEST(RunComparison, ShiftsOfSegmentsIncludeThoseOfOneRun) {
  SavedRun a = one_map({"a"}, {{1}}), b = a;
  a.maps[0].views[0].segments = {{"fact", 0.75}, {"old", 0.25}};
  b.maps[0].views[0].segments = {{"fact", 0.5}, {"new", 0.5}};
  const RunComparison comparison(a, b);
  const TokenDiff& token = comparison.diff().tokens[0];
  ASSERT_EQ(token.segments.size(), 3U);
  EXPECT_EQ(token.largest_shift()->name, "new");
  EXPECT_EQ(token.segments[0].b - token.segments[0].a, -0.25);
  EXPECT_EQ(token.segments[1].name, "old");
  EXPECT_EQ(token.segments[1].b, 0);
}

TEST(RunComparison, PicturesHoldBMinusAOnTheSourcesOfBoth) {
  const RunComparison comparison(one_map({"x", "old", "end"}, {{0.5F, 0.25F, 0.25F}}),
                                 one_map({"x", "new", "end"}, {{0.25F, 0.5F, 0.25F}}));
  const auto maps = comparison.heatmaps(0);
  ASSERT_EQ(maps.size(), 1U);
  EXPECT_TRUE(maps[0].difference);
  EXPECT_EQ(maps[0].column_labels, (Texts{"x", "old", "new", "end"}));
  EXPECT_EQ(maps[0].row_labels, (Texts{"0", "overall"}));
  EXPECT_EQ(maps[0].weights.values, (Row{-0.25F, -0.25F, 0.5F, 0, -0.25F, -0.25F, 0.5F, 0}));
  const auto overview = comparison.overview();
  ASSERT_EQ(overview.size(), 1U);
  EXPECT_EQ(overview[0].weights.values, (Row{-0.25F, -0.25F, 0.5F, 0}));
  EXPECT_EQ(overview[0].masked, (std::vector<std::uint8_t>{0, 0, 0, 0}));
}

TEST(DiffJson, HoldsTheLargestValuesAndEveryToken) {
  const RunComparison comparison(one_map({"a", "b"}, {{1, 0}}), one_map({"a", "b"}, {{0, 1}}));
  const auto json = nlohmann::json::parse(diff_json(comparison.diff(), Texts{"tokens/00001-b.png"}));
  EXPECT_EQ(json["schema"], "attnviz.diff/1");
  EXPECT_EQ(json["largest_js"]["js"], 1.0);
  EXPECT_EQ(json["largest_js"]["text"], "b");
  EXPECT_EQ(json["tokens"][0]["png"], "tokens/00001-b.png");
  EXPECT_EQ(json["tokens"][0]["maps"][0]["largest_difference"]["layer"], 0);
  EXPECT_EQ(diff_json(comparison.diff()), diff_json(comparison.diff()));
}

}  // namespace
}  // namespace attnviz::diff
