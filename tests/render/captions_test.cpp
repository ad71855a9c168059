#include "render/captions.h"

#include <gtest/gtest.h>

#include <set>

#include "reductions.h"
#include "render/fixtures.h"

namespace attnviz::render {
namespace {

using attnviz::test::kMax;
using attnviz::test::kMean;
using attnviz::test::kRollout;

/// The numbers that "0–3, 7" stands for.
std::vector<int> numbers_in(const std::string& text) {
  std::vector<int> numbers;
  bool range = false;
  for (std::size_t at = text.find_first_of("0123456789"); at < text.size();) {
    std::size_t digits = 0;
    const int number = std::stoi(text.substr(at), &digits);
    for (int next = range ? numbers.back() + 1 : number; next <= number; ++next) numbers.push_back(next);
    at += digits;
    range = text.compare(at, std::string("–").size(), "–") == 0;
    at = text.find_first_of("0123456789", at);
  }
  return numbers;
}

AttentionView view_of_layers(std::vector<int> layers) {
  AttentionView view;
  view.layers = std::move(layers);
  return view;
}

TEST(Captions, NameEveryLayerAndNoOther) {
  test::Random random(3);
  for (int round = 0; round < 200; ++round) {
    std::set<int> layers;
    for (int i = random.below(9); i >= 0; --i) layers.insert(random.below(14));
    const AttentionView view = view_of_layers({layers.begin(), layers.end()});
    const std::string caption = overall_caption(view, kMean);
    EXPECT_EQ(numbers_in(caption), view.layers) << caption;
    EXPECT_EQ(caption.find("of layers ") != std::string::npos, layers.size() > 1) << caption;
  }
}

TEST(Captions, SayWhatAReductionIsOverHeadsAndLayers) {
  AttentionView view = view_of_layers({0, 1, 2, 5});
  EXPECT_EQ(overall_caption(view, kMean), "mean over all heads of layers 0–2, 5");
  EXPECT_EQ(overall_caption(view, kMax), "largest over all heads of layers 0–2, 5");
  EXPECT_EQ(overall_caption(view, kRollout), "rollout from the input up to layer 5");
  EXPECT_EQ(reduction_caption(view, kMax), "max over heads");
  EXPECT_EQ(reduction_caption(view, kRollout), "rollout from the input up to each layer");
}

TEST(Captions, NameTheHeadsWhereNotAllWereReduced) {
  AttentionView view = view_of_layers({3});
  view.selected_heads = {1};
  EXPECT_EQ(reduction_caption(view, kMean), "mean over head 1");
  view.selected_heads = {0, 1, 4};
  EXPECT_EQ(overall_caption(view, kMean), "mean over heads 0, 1, 4 of layer 3");
  EXPECT_EQ(reduction_caption(view, kRollout), "rollout from the input up to each layer, of heads 0, 1, 4");
}

TEST(Captions, OfKindsDiffer) {
  std::set<std::string> captions;
  for (const AttentionKind kind : kAttentionKinds) captions.insert(kind_caption(kind));
  EXPECT_EQ(captions.size(), kAttentionKinds.size());
  EXPECT_FALSE(captions.contains(""));
}

TEST(RemovedCaption, IsThereOnlyWhereSomethingWasDropped) {
  AttentionView view;
  EXPECT_EQ(removed_caption(view), "");
  view.removed = {"special tokens", "sinks"};
  view.removed_mass = 0.254;
  EXPECT_EQ(removed_caption(view),
            "special tokens and sinks removed: 25 % of the mean attention; grey in the text");
  view.removed_mass = 0.001;
  EXPECT_NE(removed_caption(view).find("less than 1 %"), std::string::npos);
  view.removed_mass = 0;
  EXPECT_NE(removed_caption(view).find(": 0 %"), std::string::npos);
}

TEST(RemovedCaption, SaysOfWhichReductionsTheRestWasScaled) {
  AttentionView view;
  view.removed = {"sinks"};
  view.reductions = {{&kMax, {}, {}}, {&kMean, {}, {}}, {&kRollout, {}, {}}};
  EXPECT_NE(removed_caption(view).find("; mean and rollout rows re-normalised"), std::string::npos);
  view.reductions.resize(1);
  EXPECT_EQ(removed_caption(view).find("re-normalised"), std::string::npos);
}

TEST(OriginCaption, TellsOfWordsProbabilitiesAndTheScale) {
  TokenMap map;
  map.token = {.index = 4, .query = 4};
  RenderOptions options;
  EXPECT_TRUE(origin_caption(map, options).starts_with("position 4 · ")) << origin_caption(map, options);
  map.token.tokens = 3;
  EXPECT_TRUE(origin_caption(map, options).starts_with("positions 4–6 · "));
  map.token.generated = true;
  map.token.probability = 0.1239;
  EXPECT_TRUE(origin_caption(map, options).starts_with("generated, 3 tokens with probability 0.124 · "));
  EXPECT_TRUE(origin_caption(map, options).ends_with("sqrt scale, shared by the run"));
  options.top = {ScaleTop::Kind::kValue, 0.25};
  options.scale = ColorScale::kLog;
  EXPECT_TRUE(origin_caption(map, options).ends_with("log scale, up to 0.25"));
}

TEST(OriginCaption, NamesTheQueryOnlyByATextItStandsIn) {
  const auto sequence = test::encode("one two three");
  TokenMap map = test::make_map(sequence, 1, {});
  ASSERT_NE(map.token.query, map.token.index);
  EXPECT_NE(origin_caption(map, {}).find("query at position 1 “"), std::string::npos);
  map.views[0].kind = AttentionKind::kCross;
  EXPECT_NE(origin_caption(map, {}).find("query at position 1 · "), std::string::npos)
      << "the source does not hold it";
}

TEST(TokenAt, IsThePositionOrTheWordThatHoldsIt) {
  Sequence sequence;
  sequence.units.resize(3);
  for (std::int64_t position = -2; position < 6; ++position) {
    const bool there = position >= 0 && position < 3;
    EXPECT_EQ(token_at(sequence, position), there ? std::optional(position) : std::nullopt);
  }
  sequence.merged = {{0, 2}, {3, 4}, {4, 7}};  // position 2 was dropped
  const std::vector<std::optional<std::int64_t>> expected = {0, 0, std::nullopt, 1, 2, 2, 2, std::nullopt};
  for (std::size_t position = 0; position < expected.size(); ++position)
    EXPECT_EQ(token_at(sequence, static_cast<std::int64_t>(position)), expected[position]) << position;
}

}  // namespace
}  // namespace attnviz::render
