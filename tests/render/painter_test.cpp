/// What holds for whole pictures: the same pixels however they come about, and what is refused.
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "render/fixtures.h"

namespace attnviz::render {
namespace {

using test::encode;
using test::make_map;

/// The same fonts everywhere.
RenderOptions plain() {
  RenderOptions options;
  options.system_fonts = false;
  return options;
}

std::shared_ptr<Sequence> question() {
  return test::encode_segments({{"fact-1", "the harbour master of Velmora is Tessin . "},
                                {"fact-2", "the old bridge of Karst was built by Orlan . "},
                                {"question", "question : who is the harbour master of Velmora ? "}},
                               " the harbour master is Tessin .");
}

TEST(Painter, DrawsTheSameInAnyOrderOfCalls) {
  const auto sequence = question();
  const TokenMap first = make_map(sequence, 5, {.sink = 0.5});
  const TokenMap second = make_map(sequence, 20, {.sink = 0.5});
  Painter forward(plain());
  Painter backward(plain());
  const Image a = forward.token_map(first);
  const Image b = forward.token_map(second);
  EXPECT_EQ(encode_png(backward.token_map(second)), encode_png(b));
  EXPECT_EQ(encode_png(backward.token_map(first)), encode_png(a));
}

TEST(Painter, EachThreadWithItsOwnDrawsWhatOneThreadDraws) {
  const auto sequence = question();
  std::vector<std::vector<std::uint8_t>> alone;
  Painter painter(plain());
  for (int query = 0; query < 8; ++query)
    alone.push_back(encode_png(painter.token_map(make_map(sequence, query, {}))));
  std::vector<std::vector<std::uint8_t>> together(8);
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&, worker] {
      Painter own(plain());
      for (int query = worker; query < 8; query += 4) {
        together[static_cast<std::size_t>(query)] = encode_png(own.token_map(make_map(sequence, query, {})));
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(together, alone);
}

TEST(Painter, PagesOfOneTextHaveOneWidth) {
  const auto sequence = question();
  Painter painter(plain());
  const int width = painter.token_map(make_map(sequence, 0, {})).width();
  for (int query = 1; query < 30; query += 7)
    EXPECT_EQ(painter.token_map(make_map(sequence, query, {})).width(), width);
}

TEST(Painter, TheTopOfTheRunIsSharedByItsPictures) {
  const auto sequence = question();
  const TokenMap map = make_map(sequence, 20, {});
  ColorTop top;
  top.add(map);
  const Image own = Painter(plain(), top).token_map(map);
  for (int query = 5; query < 30; query += 5) top.add(make_map(sequence, query, {}));
  EXPECT_NE(encode_png(Painter(plain(), top).token_map(map)), encode_png(own)) << "a larger weight elsewhere";
  RenderOptions each = plain();
  each.top.kind = ScaleTop::Kind::kMap;
  EXPECT_EQ(Painter(each, top).token_map(map).pixels()[0], own.pixels()[0]);
}

TEST(Painter, UsingAnotherTopDrawsWhatAPainterMadeWithItDraws) {
  const TokenMap map = make_map(question(), 20, {});
  ColorTop top;
  top.add(map);
  top.add(make_map(question(), 9, {.sink = 0.2}));
  const auto expected = encode_png(Painter(plain(), top).token_map(map));
  Painter painter(plain());
  EXPECT_NE(encode_png(painter.token_map(map)), expected);
  painter.use_top(top);
  EXPECT_EQ(encode_png(painter.token_map(map)), expected);
  painter.use_top({});
  EXPECT_EQ(encode_png(painter.token_map(map)), encode_png(Painter(plain()).token_map(map)));
}

TEST(Painter, DifferencesAndWeightsHaveTheirOwnColorsInOnePainter) {
  Heatmap map = test::make_summary(*encode("one two three"), "", 0);
  Painter painter(plain());
  const auto weights = encode_png(painter.heatmap(map));
  map.difference = true;
  const auto difference = encode_png(painter.heatmap(map));
  EXPECT_EQ(difference, encode_png(Painter(plain()).heatmap(map)));
  map.difference = false;
  EXPECT_EQ(weights, encode_png(painter.heatmap(map)));
  EXPECT_NE(weights, difference);
}

TEST(Painter, ATopOfItsOwnIsAboveWhatIsShared) {
  Heatmap map = test::make_summary(*encode("one two three"), "", 0);
  RenderOptions fixed = plain();
  fixed.top = {ScaleTop::Kind::kValue, 0.25};
  const auto expected = encode_png(Painter(fixed).heatmap(map));
  EXPECT_NE(encode_png(Painter(plain()).heatmap(map)), expected);
  map.top = 0.25;
  EXPECT_EQ(encode_png(Painter(plain()).heatmap(map)), expected);
  fixed.top.value = 0.75;
  EXPECT_EQ(encode_png(Painter(fixed).heatmap(map)), expected);
  map.difference = true;
  EXPECT_NE(encode_png(Painter(plain()).heatmap(map)), expected);
}

TEST(Painter, ListsMissingCharactersInOrderOnce) {
  Painter painter(plain());
  painter.token_map(make_map(encode("🚀 中 🚀 a"), 3, {}));
  EXPECT_EQ(painter.missing_characters(), (std::vector<std::string>{"U+4E2D", "U+1F680"}));
}

TEST(Painter, ListsMissingCharactersOfEachRunAlone) {
  Painter painter(plain());
  const TokenMap first = make_map(encode("🚀 中 a"), 2, {}), second = make_map(encode("中 b"), 1, {});
  painter.token_map(first);
  painter.use_top({});
  EXPECT_TRUE(painter.missing_characters().empty());
  painter.token_map(second);
  EXPECT_EQ(painter.missing_characters(), (std::vector<std::string>{"U+4E2D"}));
}

TEST(Painter, ShapesThatDoNotAgreeAreRefused) {
  const auto refuses = [](const std::function<void(TokenMap&)>& spoil) {
    TokenMap map = make_map(encode("one two three"), 2, {.per_head = true});
    spoil(map);
    try {
      Painter(plain()).token_map(map);
    } catch (const Error& error) {
      return error.kind() == ErrorKind::kUsage;
    }
    return false;
  };
  EXPECT_TRUE(refuses([](TokenMap& map) { map.views[0].sources.push_back(2); }));
  EXPECT_TRUE(refuses([](TokenMap& map) { map.views[0].sources[0] = 99; }));
  EXPECT_TRUE(refuses([](TokenMap& map) { map.views[0].sources.clear(); }));
  EXPECT_TRUE(refuses([](TokenMap& map) { map.views[0].layers.pop_back(); }));
  EXPECT_TRUE(refuses([](TokenMap& map) { map.views[0].reductions[1].overall.pop_back(); }));
  EXPECT_TRUE(refuses([](TokenMap& map) { map.views[0].reductions[0].layers.values.pop_back(); }));
  EXPECT_TRUE(refuses([](TokenMap& map) { map.views[0].per_head.pop_back(); }));
  EXPECT_TRUE(refuses([](TokenMap& map) { map.views[0].heads.pop_back(); }));
  EXPECT_TRUE(refuses([](TokenMap& map) { map.views[0].sequence.reset(); }));
  EXPECT_FALSE(refuses([](TokenMap&) {}));
}

TEST(Painter, OverviewAndHeatmapRefuseWhatTheyCannotDraw) {
  Painter painter(plain());
  EXPECT_THROW(painter.overview("x", {}, {}), Error);
  auto heads = test::make_heads(1, 1, 97, true);
  EXPECT_THROW(painter.overview("x", heads, {}), Error);
  const auto refuses = [&](const std::function<void(Heatmap&)>& spoil) {
    Heatmap map = test::make_summary(*encode("one two three"), "mean", 0.4);
    spoil(map);
    EXPECT_THROW(painter.heatmap(map), Error);
  };
  refuses([](Heatmap& map) { map.column_labels.pop_back(); });
  refuses([](Heatmap& map) { map.row_positions = {1}; });
  refuses([](Heatmap& map) { map.segments = {0}; });
  refuses([](Heatmap& map) { map.segments = {0, 0, 1}; });
  Heatmap difference = test::make_summary(*encode("one two"), "mean", 0);
  difference.difference = true;
  EXPECT_THROW(painter.overview("x", test::make_heads(1, 1, 4, true), {&difference, 1}), Error);
  EXPECT_THROW(painter.heatmap({}), Error);
}

}  // namespace
}  // namespace attnviz::render
