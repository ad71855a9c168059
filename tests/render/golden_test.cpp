/// Pictures that were looked at and found right, compared by pixels. After a change that is meant to show,
/// look at the new ones: ATTNVIZ_WRITE_GOLDEN=1 makes the test write them instead of comparing.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <numeric>

#include "render/fixtures.h"
#include "render/pictures.h"

namespace attnviz::render {
namespace {

using test::encode;
using test::make_map;
using test::MapShape;

/// The same fonts everywhere.
RenderOptions plain() {
  RenderOptions options;
  options.system_fonts = false;
  return options;
}

RenderOptions in_colors(Colormap colormap, Theme theme = Theme::kLight, bool annotate = false) {
  RenderOptions options = plain();
  options.colormap = colormap;
  options.theme = theme;
  options.annotate = annotate;
  return options;
}

RenderOptions with_scale(ColorScale scale, ScaleTop top = {}) {
  RenderOptions options = plain();
  options.scale = scale;
  options.top = top;
  return options;
}

std::shared_ptr<Sequence> question() {
  return test::encode_segments({{"fact-1", "the harbour master of Velmora is Tessin . "},
                                {"fact-2", "the old bridge of Karst was built by Orlan . "},
                                {"", "\n"},
                                {"question", "question : who is the harbour master of Velmora ? "},
                                {"", "answer :"}},
                               " the harbour master is Tessin .");
}

/// The map of the last position, drawn.
Image last_token(const RenderOptions& options, const std::shared_ptr<Sequence>& sequence,
                 const MapShape& shape) {
  return Painter(options).token_map(
      make_map(sequence, static_cast<std::int64_t>(sequence->units.size()) - 1, shape));
}

Image answer(const RenderOptions& options, double sink = 0.5, int layers = 3) {
  const auto sequence = question();
  const auto query = static_cast<std::int64_t>(sequence->units.size()) - 3;
  return Painter(options).token_map(make_map(sequence, query, {.layers = layers, .sink = sink}));
}

Image short_text(const RenderOptions& options, double sink = 0.4) {
  return last_token(options, test::with_template(encode("The cat sat on the mat")),
                    {.layers = 4, .reductions = {"mean", "max"}, .sink = sink});
}

Image one_reduction(const std::string& text, int longest = 6) {
  return last_token(plain(), encode(text, longest), {.layers = 2, .reductions = {"mean"}});
}

Image cross_and_decoder() {
  const auto source = encode("Das ist ein kleines Haus am See .");
  TokenMap map = make_map(encode("This is a small house by the lake ."), 4,
                          {.layers = 3, .reductions = {"mean", "max"}, .kind = AttentionKind::kDecoder});
  map.views.insert(
      map.views.begin(),
      test::make_view(source, 4,
                      {.layers = 3, .reductions = {"mean", "max"}, .kind = AttentionKind::kCross}));
  return Painter(plain()).token_map(map);
}

Image pair() {
  auto sequence = encode("is it far to the pier ?");
  sequence->pair = "the pier is near .";
  const auto second = encode(sequence->pair);
  for (Unit token : second->units) {
    std::get<TextSpan>(token.place).pair = true;
    sequence->units.push_back(token);
  }
  return last_token(plain(), sequence, {.layers = 3, .reductions = {"mean"}});
}

/// Two sentences as a model for pairs sees them, by their names.
Image sentence_pair() {
  return last_token(plain(),
                    test::encode_pair("is it far from the harbour to the old pier ?",
                                      "the pier is near , behind the house of the harbour master ."),
                    {.layers = 3, .reductions = {"mean", "max"}, .sink = 0.3});
}

Image many_segments() {
  std::vector<std::pair<std::string, std::string>> segments;
  for (int i = 0; i < 14; ++i) segments.push_back({"passage-" + std::to_string(i), "a few words . "});
  return last_token(plain(), test::encode_segments(segments), {.layers = 2, .reductions = {"mean"}});
}

Heatmap small_matrix() {
  Heatmap map = test::make_summary(*encode("the harbour master of Velmora is Tessin"), "mean", 0.4);
  map.weights.values[55] = std::numeric_limits<float>::quiet_NaN();
  map.weights.values[68] = std::numeric_limits<float>::infinity();
  return map;
}

Image masked_and_not_finite(Theme theme) {
  return Painter(in_colors(Colormap::kViridis, theme)).heatmap(small_matrix());
}

Image reading_with_not_finite() {
  TokenMap map = make_map(encode("one two three four five"), 4, {.layers = 2, .reductions = {"mean"}});
  map.views[0].reductions[0].overall[2] = std::numeric_limits<float>::quiet_NaN();
  map.views[0].reductions[0].layers.values[7] = std::numeric_limits<float>::quiet_NaN();
  return Painter(plain()).token_map(map);
}

Image overview(bool causal, double induction) {
  auto heads = test::make_heads(2, 4, causal ? 48 : 20, causal);
  for (HeadSummary& head : heads) {
    if (induction == 0) head.induction.reset();
    if (induction == 0) head.duplicate.reset();
  }
  const auto sequence = encode("the harbour master of Velmora is Tessin .");
  const std::vector<Heatmap> summaries = {test::make_summary(*sequence, "mean", 0.4)};
  return Painter(plain()).overview("qa · attention of every head", heads, summaries);
}

/// What one run looked at more (above 0) or less than another.
Heatmap changes() {
  Heatmap map = test::make_summary(*encode("the harbour master of Velmora is Tessin ."), "mean", 0.3);
  map.title = "changed after fine-tuning: mean, outputs × sources";
  map.difference = true;
  test::Random random(6);
  for (std::size_t i = 0; i < map.weights.values.size(); ++i) {
    const double size = 0.4 * std::pow(random.uniform(), 4);
    map.weights.values[i] = static_cast<float>(random.below(2) == 0 ? size : -size);
    map.row_positions.resize(static_cast<std::size_t>(map.weights.rows));
  }
  std::iota(map.row_positions.begin(), map.row_positions.end(), 0);
  map.column_positions = map.row_positions;
  return map;
}

/// Answers that read one fact after another; the question and glue get the rest.
SegmentChart answers(int outputs, int facts) {
  SegmentChart chart;
  chart.title = "who is the harbour master of Velmora? · mean attention on each segment";
  for (int i = 1; i <= facts; ++i) chart.names.push_back("fact-" + std::to_string(i));
  for (const char* name : {"question", "", "generated"}) chart.names.push_back(name);
  const auto names = static_cast<std::int64_t>(chart.names.size());
  chart.masses = {outputs, names, {}};
  test::Random random(8);
  const std::vector<std::string> words = {"the", "harbour", "master", "of", "Velmora",
                                          "is",  "Tes",     "sin",    "."};
  for (int output = 0; output < outputs; ++output) {
    chart.outputs.push_back(words[static_cast<std::size_t>(output) % words.size()]);
    std::vector<double> row;
    double sum = 0;
    for (std::int64_t i = 0; i < names; ++i)
      sum += row.emplace_back(random.uniform() * 0.2 + (i == output * 3 / 7 % facts ? 1.0 : 0.02));
    for (const double mass : row) chart.masses.values.push_back(static_cast<float>(mass / sum));
  }
  return chart;
}

Image segments(int outputs, int facts, Theme theme = Theme::kLight) {
  return Painter(in_colors(Colormap::kViridis, theme)).segments(answers(outputs, facts));
}

/// A chat template whose special tokens and sink were dropped.
Image dropped_columns() {
  auto sequence = test::with_template(question());
  TokenMap map = make_map(sequence, static_cast<std::int64_t>(sequence->units.size()) - 5, {.layers = 3});
  AttentionView& view = map.views[0];
  const auto keep = [&](std::vector<float>& values, std::int64_t rows) {
    std::vector<float> kept;
    const auto columns = static_cast<std::int64_t>(values.size()) / rows;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(values.size()); ++i) {
      const std::int64_t column = i % columns;
      if (column > 1 && column != 11) kept.push_back(values[static_cast<std::size_t>(i)]);
    }
    values = kept;
  };
  for (ReducedAttention& reduced : view.reductions) {
    keep(reduced.overall, 1);
    keep(reduced.layers.values, reduced.layers.rows);
    reduced.layers.columns -= 3;
  }
  std::erase_if(view.sources, [](std::int64_t source) { return source < 2 || source == 11; });
  view.removed = {"special tokens", "sinks"};
  view.removed_mass = 0.43;
  return Painter(plain()).token_map(map);
}

/// Tokens merged into words, drawn for a word of two tokens.
Image words() {
  auto sequence = encode("The harbour master of Velmora was built by Orlan after the winter storms.", 30);
  std::int64_t next = 0;
  for (const Unit& token : sequence->units) {
    const auto pieces = static_cast<std::int64_t>(1 + token.label.size() / 6);
    sequence->merged.push_back({next, next + pieces});
    next += pieces;
  }
  TokenMap map = make_map(sequence, 4, {.layers = 3, .reductions = {"mean", "max"}, .sink = 0.3});
  const Span word = sequence->merged[4];
  map.token = {.index = word.begin, .id = 7, .text = "Velmora", .query = word.end - 1};
  map.token.tokens = word.end - word.begin;
  return Painter(plain()).token_map(map);
}

/// A long causal input, of which only the last rows were run.
Image long_overview(std::int64_t tokens, std::int64_t first) {
  auto heads = test::make_heads(2, 4, 96, true);
  for (HeadSummary& head : heads) {
    head.queries = head.keys = tokens;
    for (std::int64_t row = 0; row < 96; ++row) {
      if (row < 95) head.thumbnail.values[static_cast<std::size_t>(row * 97 + 1)] = 0.3F;  // windows overlap
      if ((row + 1) * tokens / 96 > first) continue;
      std::fill_n(head.thumbnail.values.begin() + row * 96, 96, 0.0F);
    }
  }
  const auto sequence = test::encode_segments({{"report", test::long_text(static_cast<int>(tokens * 6 / 10))},
                                               {"question", " who supplied the stone for the bridge ?"}},
                                              " the north quarry");
  sequence->units.resize(static_cast<std::size_t>(tokens), sequence->units.back());
  Heatmap summary = test::make_summary(*sequence, "mean", 0.4);
  const auto rows = tokens - first;
  summary.weights.rows = rows;
  summary.weights.values.erase(summary.weights.values.begin(),
                               summary.weights.values.begin() + first * tokens);
  summary.masked.erase(summary.masked.begin(), summary.masked.begin() + first * tokens);
  summary.row_labels.erase(summary.row_labels.begin(), summary.row_labels.begin() + first);
  for (std::int64_t i = 0; i < tokens; ++i) {
    summary.column_positions.push_back(i);
    if (i >= first) summary.row_positions.push_back(i);
    summary.segments.push_back(i < tokens - 12 ? 0 : i < tokens - 4 ? 1 : 2);
  }
  summary.segment_names = {"report", "question", "generated"};
  return Painter(plain()).overview("qa · attention of every head", heads, {&summary, 1});
}

struct Golden {
  const char* name;
  std::function<Image()> draw;
};

void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.name; }

std::vector<Golden> goldens() {
  const auto value = [](double top) { return ScaleTop{ScaleTop::Kind::kValue, top}; };
  return {
      {"segments_generated", [] { return answer(plain()); }},
      {"dark_magma_annotated", [] { return answer(in_colors(Colormap::kMagma, Theme::kDark, true)); }},
      {"inferno", [] { return short_text(in_colors(Colormap::kInferno)); }},
      {"plasma_dark", [] { return short_text(in_colors(Colormap::kPlasma, Theme::kDark)); }},
      {"cividis_annotated", [] { return short_text(in_colors(Colormap::kCividis, Theme::kLight, true)); }},
      {"grey_light", [] { return short_text(in_colors(Colormap::kGrey)); }},
      {"grey_dark", [] { return short_text(in_colors(Colormap::kGrey, Theme::kDark)); }},
      {"scale_linear", [] { return short_text(with_scale(ColorScale::kLinear)); }},
      {"scale_log", [] { return short_text(with_scale(ColorScale::kLog)); }},
      {"top_by_value", [=] { return short_text(with_scale(ColorScale::kSqrt, value(0.2))); }},
      {"sink_clipped", [] { return short_text(plain(), 0.9); }},
      {"single_token", [] { return one_reduction("a"); }},
      {"one_letter_tokens", [] { return one_reduction("a b c d e"); }},
      {"token_of_200_letters", [] { return one_reduction("a " + std::string(200, 'x') + " b", 300); }},
      {"two_thousand_tokens",
       [] {
         return last_token(plain(), encode(test::long_text(1460)),
                           {.layers = 2, .reductions = {"mean"}, .sink = 0.6});
       }},
      {"layers_48",
       [] {
         return last_token(plain(), encode(test::long_text(20)), {.layers = 48, .reductions = {"mean"}});
       }},
      {"crowded_axis",
       [] {
         return last_token(plain(), encode(test::long_text(260)),
                           {.layers = 4, .reductions = {"mean"}, .sink = 0.6});
       }},
      {"ids_only",
       [] {
         return last_token(plain(), test::only_ids(24), {.layers = 4, .reductions = {"mean", "rollout"}});
       }},
      {"past_4096_sources",
       [] {
         return last_token(plain(), test::only_ids(4500), {.layers = 1, .reductions = {"mean"}, .sink = 0.9});
       }},
      {"right_to_left",
       [] {
         return one_reduction("שלום עולם, זה טקסט עם English בפנים.\nالسلام عليكم ورحمة الله 123 نص عربي");
       }},
      {"marks_and_controls",
       [] {
         return one_reduction(
             "e\u0301 n\u0303 \u0301x a\tb \x01 c\u202Ed\u202C \u200B Ġthe ▁of ##ing\nΕλληνικά Привет", 5);
       }},
      {"missing_characters", [] { return one_reduction("日本語 हिन्दी ภาษาไทย 🚀 한국어", 4); }},
      {"emoji_in_outline", [] { return one_reduction("yes 😀 😎 ☀ ☂ ♥ ✓ no"); }},
      {"cross_and_decoder", [] { return cross_and_decoder(); }},
      {"per_head",
       [] {
         return last_token(plain(), encode("the harbour master of Velmora"),
                           {.layers = 2, .heads = 6, .reductions = {"mean"}, .sink = 0.4, .per_head = true});
       }},
      {"pair", [] { return pair(); }},
      {"sentence_pair", [] { return sentence_pair(); }},
      {"many_segments", [] { return many_segments(); }},
      {"masked_and_not_finite", [] { return masked_and_not_finite(Theme::kLight); }},
      {"masked_and_not_finite_dark", [] { return masked_and_not_finite(Theme::kDark); }},
      {"reading_with_not_finite", [] { return reading_with_not_finite(); }},
      {"dropped_columns", [] { return dropped_columns(); }},
      {"words", [] { return words(); }},
      {"overview_long", [] { return long_overview(420, 0); }},
      {"overview_part_of_the_rows", [] { return long_overview(300, 260); }},
      {"difference",
       [] { return Painter(in_colors(Colormap::kViridis, Theme::kLight, true)).heatmap(changes()); }},
      {"difference_dark",
       [=] {
         RenderOptions options = with_scale(ColorScale::kSqrt, value(0.2));
         options.theme = Theme::kDark;
         return Painter(options).heatmap(changes());
       }},
      {"segments_9_outputs", [] { return segments(9, 4); }},
      {"segments_60_outputs_dark", [] { return segments(60, 5, Theme::kDark); }},
      {"segments_500_outputs", [] { return segments(500, 17); }},
      {"segments_one_output", [] { return segments(1, 2); }},
      {"overview_causal", [] { return overview(true, 1); }},
      {"overview_without_repeats", [] { return overview(false, 0); }},
  };
}

class GoldenTest : public ::testing::TestWithParam<Golden> {};

TEST_P(GoldenTest, LooksAsItDidWhenItWasLookedAt) {
  const Image image = GetParam().draw();
  const std::string file = std::string(GetParam().name) + ".png";
  const std::string path = std::string(ATTNVIZ_TEST_DATA) + "/golden/" + file;
  if (std::getenv("ATTNVIZ_WRITE_GOLDEN") != nullptr) {
    test::write_bytes(path, encode_png(image));
    return;
  }
  const std::string off = test::difference(test::picture_of(image), test::decode_png(test::read_bytes(path)));
  if (off.empty()) return;
  const std::string drawn = (std::filesystem::temp_directory_path() / ("attnviz-drawn-" + file)).string();
  test::write_bytes(drawn, encode_png(image));
  ADD_FAILURE() << file << " " << off << "; what was drawn is in " << drawn;
}

INSTANTIATE_TEST_SUITE_P(Pictures, GoldenTest, ::testing::ValuesIn(goldens()),
                         [](const auto& golden) { return std::string(golden.param.name); });

// --------------------------------------------------------------------------------- the comparison itself

TEST(Difference, ForgivesLettersThatAreALittleDarker) {
  const test::Picture expected = test::picture_of(short_text(plain()));
  test::Picture found = expected;
  test::Random random(1);
  for (std::uint8_t& channel : found.rgb) {
    if (channel > 40 && channel < 215) channel = static_cast<std::uint8_t>(channel - 18 + random.below(37));
  }
  EXPECT_EQ(test::difference(found, expected), "");
}

TEST(Difference, SeesALostLabelAWrongCellAndAWrongSize) {
  const test::Picture expected = test::picture_of(short_text(plain()));
  const auto paint = [&](int left, int top, int width, int height, std::uint8_t value) {
    test::Picture found = expected;
    for (int y = top; y < top + height; ++y) {
      for (int x = 3 * left; x < 3 * (left + width); ++x)
        found.rgb[static_cast<std::size_t>(3 * y * found.width + x)] = value;
    }
    return test::difference(found, expected);
  };
  EXPECT_NE(paint(24, 20, 200, 20, 255), "") << "the title";
  EXPECT_NE(paint(100, 200, 48, 24, 0x80), "") << "a cell";
  test::Picture taller = expected;
  taller.height += 1;
  taller.rgb.resize(taller.rgb.size() + static_cast<std::size_t>(3 * taller.width));
  EXPECT_NE(test::difference(taller, expected), "");
}

}  // namespace
}  // namespace attnviz::render
