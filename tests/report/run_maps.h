/// What a run leaves, made up from a seed, for the tests of what is written of it.
#pragma once

#include <random>

#include "attnviz/report.h"
#include "reductions.h"

namespace attnviz::report::test {

using attnviz::test::kMax;
using attnviz::test::kMean;

/// Of `units` tokens "t0", "t1", …, the first half of them in the segment "fact".
inline std::shared_ptr<Sequence> make_sequence(int units) {
  auto sequence = std::make_shared<Sequence>();
  for (int i = 0; i < units; ++i) {
    const std::string word = "t" + std::to_string(i);
    const auto begin = static_cast<std::int64_t>(sequence->text.size());
    sequence->text += word + " ";
    sequence->units.push_back(
        {.id = i, .label = word, .place = TextSpan{{begin, begin + static_cast<std::int64_t>(word.size())}}});
  }
  const auto half = static_cast<std::int64_t>(sequence->text.size()) / 2;
  sequence->segments = {{"fact", {{0, half}}},
                        {"", {{half, static_cast<std::int64_t>(sequence->text.size())}}}};
  assign_segments(*sequence);
  return sequence;
}

inline std::vector<float> random_weights(std::mt19937& random, std::int64_t count) {
  std::vector<float> weights(static_cast<std::size_t>(count));
  for (float& weight : weights) weight = static_cast<float>(random() % 1000) / 1000;
  return weights;
}

/// Maps of the queries 0 … `queries` − 1.
inline AttentionMap random_map(std::mt19937& random, AttentionKind kind, const ReductionInfo& reduction,
                               std::int64_t queries, std::int64_t keys) {
  AttentionMap map{.kind = kind, .reduction = &reduction, .layers = {0, 1}, .keys = keys};
  for (std::int64_t query = 0; query < queries; ++query) map.queries.push_back(query);
  map.by_layer = random_weights(random, 2 * queries * keys);
  map.overall = random_weights(random, queries * keys);
  return map;
}

/// The row of `query`, as make_token_map gives it, over all keys.
inline AttentionView view_of(const RunMaps& run, std::size_t query) {
  AttentionView view{.kind = AttentionKind::kSelf, .sequence = run.sequences.source, .layers = {0, 1}};
  for (std::int64_t key = 0; key < run.maps.maps.front().keys; ++key) view.sources.push_back(key);
  for (const AttentionMap& map : run.maps.maps) {
    ReducedAttention reduced{map.reduction, {2, map.keys, {}}, {}};
    for (const std::size_t layer : {0U, 1U}) {
      const auto row = map.row(layer, query);
      reduced.layers.values.insert(reduced.layers.values.end(), row.begin(), row.end());
    }
    const auto overall = map.overall_row(query);
    reduced.overall.assign(overall.begin(), overall.end());
    view.reductions.push_back(std::move(reduced));
  }
  view.segments = {{"fact", 0.25}, {"", 0.5}};
  return view;
}

/// A run of a model with one stack, `outputs` of whose tokens are shown: the last ones.
inline RunMaps make_run(int units, int outputs, unsigned seed = 1) {
  std::mt19937 random(seed);
  RunMaps run;
  run.sequences.source = make_sequence(units);
  run.reductions = {&kMean, &kMax};
  for (const ReductionInfo* reduction : run.reductions)
    run.maps.maps.push_back(random_map(random, AttentionKind::kSelf, *reduction, units, units));
  for (int index = units - outputs; index < units; ++index) {
    const auto query = static_cast<std::size_t>(index);
    run.tokens.push_back({{.index = index, .id = index, .text = "t" + std::to_string(index), .query = index},
                          {view_of(run, query)}});
  }
  Manifest& manifest = run.manifest;
  manifest.model = {"model.pt", std::string(64, 'a'), 2, 2, {AttentionKind::kSelf}, false, "softmax"};
  manifest.source = run.sequences.source;
  manifest.segments = segment_tables(run.tokens);
  return run;
}

}  // namespace attnviz::report::test
