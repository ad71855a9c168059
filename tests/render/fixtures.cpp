#include "render/fixtures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "reductions.h"
#include "render/unicode.h"

namespace attnviz::render::test {
namespace {

/// `count` weights that sum to 1: `sink` on the first, a few large ones among small ones.
std::vector<float> row(Random& random, std::int64_t count, double sink, double sharpness) {
  std::vector<double> weights;
  for (std::int64_t i = 0; i < count; ++i) weights.push_back(std::pow(random.uniform(), sharpness) + 1e-4);
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<float> result;
  for (const double weight : weights) result.push_back(static_cast<float>(weight / sum * (1 - sink)));
  result[0] += static_cast<float>(sink);
  return result;
}

void append(std::vector<float>& values, const std::vector<float>& more) {
  values.insert(values.end(), more.begin(), more.end());
}

void append_tokens(Sequence& sequence, std::string_view text, std::int64_t base, int longest,
                   bool pair = false) {
  const std::vector<Character> characters = characters_of(text);
  std::size_t first = 0;
  while (first < characters.size()) {
    std::size_t last = first + 1;
    while (last < characters.size() && characters[last].code != U' ' && characters[last].code != U'\n' &&
           static_cast<int>(last - first) < longest) {
      ++last;
    }
    const std::int64_t begin = characters[first].begin;
    const std::int64_t end = characters[last - 1].end;
    std::string_view piece =
        text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    std::string_view shown = piece.size() > 1 && piece[0] == ' ' ? piece.substr(1) : piece;
    sequence.units.push_back({.id = 17 + static_cast<std::int64_t>(first),
                              .label = std::string(shown),
                              .place = TextSpan{{base + begin, base + end}, pair}});
    first = last;
  }
}

}  // namespace

std::uint64_t Random::next() {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return state_;
}

std::shared_ptr<Sequence> encode(std::string_view text, int longest) {
  auto sequence = std::make_shared<Sequence>();
  sequence->text = std::string(text);
  append_tokens(*sequence, text, 0, longest);
  return sequence;
}

std::shared_ptr<Sequence> with_template(std::shared_ptr<Sequence> sequence) {
  Unit special;
  special.special = true;
  special.label = "[CLS]";
  sequence->units.insert(sequence->units.begin(), special);
  special.label = "[SEP]";
  sequence->units.push_back(special);
  return sequence;
}

std::shared_ptr<Sequence> encode_segments(const Parts& segments, const std::string& generated,
                                          const Parts& pair) {
  auto sequence = std::make_shared<Sequence>();
  const auto append = [&](const Parts& parts, std::string& text, bool second) {
    for (const auto& [name, part] : parts) {
      const auto begin = static_cast<std::int64_t>(text.size());
      text += part;
      sequence->segments.push_back({name, {{begin, static_cast<std::int64_t>(text.size())}, second}});
    }
    append_tokens(*sequence, text, 0, 6, second);
  };
  append(segments, sequence->text, false);
  append(pair, sequence->pair, true);
  assign_segments(*sequence);
  const auto given = static_cast<std::ptrdiff_t>(sequence->units.size());
  append_tokens(*sequence, generated, static_cast<std::int64_t>(sequence->text.size()), 6);
  std::for_each(sequence->units.begin() + given, sequence->units.end(),
                [](Unit& unit) { unit.generated = true; });
  sequence->generated = generated;
  return sequence;
}

std::shared_ptr<Sequence> encode_pair(const std::string& first, const std::string& second) {
  auto sequence = with_template(encode_segments({{"A", first}}, {}, {{"B", second}}));
  const auto middle = std::find_if(sequence->units.begin(), sequence->units.end(), [](const Unit& unit) {
    return unit.text() != nullptr && unit.text()->pair;
  });
  sequence->units.insert(middle, sequence->units.back());
  return sequence;
}

Parts random_parts(Random& random) {
  constexpr std::array<const char*, 4> kNames = {"fact", "question", "", "note"};
  Parts parts;
  for (int i = 0; i <= random.below(5); ++i) {
    std::string text = " a";  // no newline: glue that begins with one ends the line before it
    for (int word = random.below(12); word > 0; --word) text += random.below(5) == 0 ? "\n more" : " one";
    parts.push_back({kNames[static_cast<std::size_t>(random.below(4))], text});
  }
  return parts;
}

std::shared_ptr<Sequence> only_ids(int count) {
  auto sequence = std::make_shared<Sequence>();
  for (int i = 0; i < count; ++i) {
    Unit token;
    token.id = 100 + 37 * i % 1000;
    token.label = "#" + std::to_string(token.id);
    sequence->units.push_back(token);
  }
  return sequence;
}

AttentionView make_view(std::shared_ptr<const Sequence> sequence, std::int64_t query, const MapShape& shape) {
  AttentionView view;
  view.kind = shape.kind;
  const auto tokens = static_cast<std::int64_t>(sequence->units.size());
  const std::int64_t sources = shape.kind == AttentionKind::kCross ? tokens : std::min(query + 1, tokens);
  for (std::int64_t i = 0; i < sources; ++i) view.sources.push_back(i);
  for (int i = 0; i < shape.layers; ++i) view.layers.push_back(i);
  Random random(shape.seed + static_cast<std::uint64_t>(query) * 977);
  for (const std::string& name : shape.reductions) {
    ReducedAttention reduced;
    reduced.reduction = attnviz::test::reduction(name);
    reduced.layers = {shape.layers, sources, {}};
    reduced.overall.assign(static_cast<std::size_t>(sources), 0.0F);
    const double sharpness = name == "max" ? 9 : name == "mean" ? 14 : 5;
    for (int layer = 0; layer < shape.layers; ++layer) {
      const std::vector<float> weights =
          row(random, sources, shape.sink * (layer + 1) / shape.layers, sharpness);
      append(reduced.layers.values, weights);
      for (std::size_t i = 0; i < weights.size(); ++i)
        reduced.overall[i] += weights[i] / static_cast<float>(shape.layers);
    }
    view.reductions.push_back(reduced);
  }
  if (shape.per_head) {
    for (int head = 0; head < shape.heads; ++head) view.heads.push_back(head);
    for (int layer = 0; layer < shape.layers; ++layer) {
      Matrix heads = {shape.heads, sources, {}};
      for (int head = 0; head < shape.heads; ++head)
        append(heads.values, row(random, sources, shape.sink, 20));
      view.per_head.push_back(heads);
    }
  }
  if (!sequence->segments.empty()) {
    double rest = 1;
    std::vector<double> masses(sequence->segments.size(), 0.0);
    for (std::size_t i = 0; i < view.sources.size(); ++i) {
      const int segment = sequence->units[i].segment;
      const bool named = segment >= 0 && !sequence->segments[static_cast<std::size_t>(segment)].name.empty();
      if (!named) continue;
      masses[static_cast<std::size_t>(segment)] += view.reductions[0].overall[i];
      rest -= view.reductions[0].overall[i];
    }
    for (std::size_t i = 0; i < masses.size(); ++i) {
      if (!sequence->segments[i].name.empty())
        view.segments.push_back({sequence->segments[i].name, masses[i]});
    }
    double generated = 0;
    for (std::size_t i = 0; i < view.sources.size(); ++i) {
      if (sequence->units[i].generated) generated += view.reductions[0].overall[i];
    }
    view.segments.push_back({"", std::max(0.0, rest - generated)});
    if (!sequence->generated.empty()) view.segments.push_back({"generated", generated});
  }
  view.sequence = std::move(sequence);
  return view;
}

TokenMap make_map(const std::shared_ptr<const Sequence>& sequence, std::int64_t query,
                  const MapShape& shape) {
  TokenMap map;
  const auto last = static_cast<std::int64_t>(sequence->units.size()) - 1;
  map.token.index = std::min(query + 1, last);
  const Unit& token = sequence->units[static_cast<std::size_t>(map.token.index)];
  map.token.id = token.id;
  map.token.text = token.label;
  map.token.query = query;
  map.token.generated = map.token.index > query;
  if (map.token.generated) map.token.probability = 0.9731;
  map.views.push_back(make_view(sequence, query, shape));
  return map;
}

std::vector<HeadSummary> make_heads(int layers, int heads, int side, bool causal) {
  std::vector<HeadSummary> result;
  Random random(7);
  for (int layer = 0; layer < layers; ++layer) {
    for (int head = 0; head < heads; ++head) {
      HeadSummary summary;
      summary.layer = layer;
      summary.head = head;
      const double local = random.uniform();
      const double first = random.uniform() * 0.8;
      summary.thumbnail = {side, side, {}};
      for (int q = 0; q < side; ++q) {
        const int last = causal ? q : side - 1;
        std::vector<float> weights = row(random, last + 1, q == 0 ? 0 : first, 12);
        weights[static_cast<std::size_t>(std::max(0, q - 1))] += static_cast<float>(local * 2);
        const float sum = std::accumulate(weights.begin(), weights.end(), 0.0F);
        weights.resize(static_cast<std::size_t>(side), 0.0F);
        for (float& weight : weights) weight /= sum;
        append(summary.thumbnail.values, weights);
      }
      summary.entropy = 5 * random.uniform();
      summary.sink = first;
      summary.previous = local;
      summary.self = random.uniform() * 0.3;
      if (layer > 0) summary.induction = random.uniform() * 0.6;
      if (layer > 0) summary.duplicate = random.uniform() * 0.4;
      result.push_back(summary);
    }
  }
  return result;
}

Heatmap make_summary(const Sequence& sequence, const std::string& reduction, double sink) {
  Heatmap heatmap;
  heatmap.title = reduction + ", overall: outputs × sources";
  if (!reduction.empty()) heatmap.reduction = attnviz::test::reduction(reduction);
  const auto side = static_cast<std::int64_t>(sequence.units.size());
  heatmap.weights = {side, side, {}};
  Random random(11);
  for (std::int64_t q = 0; q < side; ++q) {
    std::vector<float> weights = row(random, q + 1, sink, 14);
    weights.resize(static_cast<std::size_t>(side), 0.0F);
    append(heatmap.weights.values, weights);
    for (std::int64_t k = 0; k < side; ++k) heatmap.masked.push_back(k > q ? 1 : 0);
    heatmap.row_labels.push_back(sequence.units[static_cast<std::size_t>(q)].label);
    heatmap.column_labels.push_back(sequence.units[static_cast<std::size_t>(q)].label);
    heatmap.special.push_back(sequence.units[static_cast<std::size_t>(q)].special ? 1 : 0);
  }
  return heatmap;
}

std::string long_text(int words) {
  const std::vector<std::string> vocabulary = {
      "the",   "harbour", "master", "of",     "Velmora", "is",     "Tessin", "old",   "bridge", "Karst",
      "was",   "built",   "by",     "Orlan",  "and",     "keeper", "light",  "north", "quarry", "supplied",
      "stone", "after",   "winter", "storms", "had",     "broken", "every",  "pier"};
  Random random(3);
  std::string text;
  for (int i = 0; i < words; ++i) {
    if (i > 0) text += i % 60 == 0 ? "\n" : " ";
    text += vocabulary[static_cast<std::size_t>(random.below(static_cast<int>(vocabulary.size())))];
    if (i % 11 == 10) text += ".";
  }
  return text;
}

}  // namespace attnviz::render::test
