#include "diff/comparison.h"

#include <algorithm>
#include <cmath>

#include "diff/alignment.h"

namespace attnviz::diff {
namespace {

/// Every source of `kind` that a map of the run has, once, in order.
std::map<std::pair<std::int64_t, std::string>, bool> sources_of(const SavedRun& run, AttentionKind kind) {
  std::map<std::pair<std::int64_t, std::string>, bool> sources;
  for (const SavedMap& map : run.maps) {
    for (const SavedView& view : map.views) {
      if (view.kind != kind) continue;
      for (const SavedSource& source : view.sources)
        sources.try_emplace({source.index, source.text}, source.special);
    }
  }
  return sources;
}

double sum_of(std::span<const float> row) {
  double sum = 0;
  for (const float weight : row) sum += weight;
  return sum;
}

/// One symbol's part of the Jensen–Shannon divergence.
double js_term(double p, double q) {
  const double m = (p + q) / 2;
  return (p > 0 ? p / 2 * std::log2(p / m) : 0) + (q > 0 ? q / 2 * std::log2(q / m) : 0);
}

}  // namespace

Columns::Columns(const SavedRun& a, const SavedRun& b, AttentionKind kind, bool same_positions) {
  const auto in_a = sources_of(a, kind), in_b = sources_of(b, kind);
  std::array<std::vector<std::string>, 2> names;
  for (const auto& [side, sources] : {std::pair{0U, &in_a}, std::pair{1U, &in_b}}) {
    for (const auto& [key, special] : *sources)
      names[side].push_back(same_positions ? std::to_string(key.first) + ' ' + key.second : key.second);
  }
  auto next_a = in_a.begin(), next_b = in_b.begin();
  const auto put = [this](std::size_t side, auto& next) {
    columns_[side][next->first] = sources_.size();
    sources_.push_back({next->first.first, next->first.second, next->second});
    ++next;
  };
  const auto put_alone = [&](std::size_t side, auto& next) {
    put(side, next);
    ++alone_[side];
  };
  std::size_t at_a = 0, at_b = 0;
  for (const auto& [pair_a, pair_b] : align(names[0], names[1])) {
    for (; at_a < pair_a; ++at_a) put_alone(0, next_a);
    for (; at_b < pair_b; ++at_b) put_alone(1, next_b);
    columns_[0][next_a->first] = sources_.size();
    put(1, next_b);
    ++next_a;
    ++at_a;
    ++at_b;
  }
  while (next_a != in_a.end()) put_alone(0, next_a);
  while (next_b != in_b.end()) put_alone(1, next_b);
}

std::size_t Columns::of(std::size_t side, const SavedSource& source) const {
  return columns_[side].at({source.index, source.text});
}

ViewPair::ViewPair(const SavedView& a, const SavedView& b, const Columns& columns) : views{&a, &b} {
  std::map<std::size_t, Place> found;
  for (std::size_t side = 0; side < 2; ++side) {
    for (std::size_t i = 0; i < views[side]->sources.size(); ++i) {
      const std::size_t column = columns.of(side, views[side]->sources[i]);
      found.try_emplace(column, Place{column}).first->second.source[side] = i;
    }
  }
  for (const auto& [column, place] : found) places.push_back(place);
}

float ViewPair::change(const Place& place, std::span<const float> a, std::span<const float> b) const {
  return (place.source[1] == kNone ? 0.0F : b[place.source[1]]) -
         (place.source[0] == kNone ? 0.0F : a[place.source[0]]);
}

std::vector<std::array<std::size_t, 2>> common_layers(const SavedView& a, const SavedView& b) {
  std::vector<std::array<std::size_t, 2>> rows;
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    const auto found = std::find(b.layers.begin(), b.layers.end(), a.layers[i]);
    if (found != b.layers.end()) rows.push_back({i, static_cast<std::size_t>(found - b.layers.begin())});
  }
  return rows;
}

const ReducedAttention* find_reduction(const SavedView& view, const ReductionInfo& info) {
  for (const ReducedAttention& reduction : view.reductions) {
    if (reduction.reduction == &info) return &reduction;
  }
  return nullptr;
}

Divergence diverge(const ViewPair& pair, std::span<const float> a, std::span<const float> b) {
  const double sum_a = sum_of(a), sum_b = sum_of(b);
  // A row without mass shares nothing with one that has some, and is as the other where both have none.
  if (sum_a <= 0 || sum_b <= 0)
    return {sum_a == sum_b ? 0.0 : 1.0, sum_a > 0 ? 1.0 : 0.0, sum_b > 0 ? 1.0 : 0.0};
  Divergence out;
  for (const ViewPair::Place& place : pair.places) {
    const double p = place.source[0] == ViewPair::kNone ? 0 : a[place.source[0]] / sum_a;
    const double q = place.source[1] == ViewPair::kNone ? 0 : b[place.source[1]] / sum_b;
    out.js += js_term(p, q);
    if (!place.shared()) (place.source[0] != ViewPair::kNone ? out.only_a : out.only_b) += p + q;
  }
  out.js = std::clamp(out.js, 0.0, 1.0);
  return out;
}

double largest_change(const ViewPair& pair, const ReducedAttention& a, const ReducedAttention& b) {
  double largest = 0;
  for_each_row(
      pair, a, b, [&](std::optional<int>, std::span<const float> row_a, std::span<const float> row_b) {
        for (const ViewPair::Place& place : pair.places)
          largest = std::max(largest, std::abs(static_cast<double>(pair.change(place, row_a, row_b))));
      });
  return largest;
}

MapDiff compare_maps(const ViewPair& pair, const ReducedAttention& a, const ReducedAttention& b) {
  MapDiff out{.kind = pair.views[0]->kind, .reduction = a.reduction};
  if (a.reduction->distribution) out.divergence = diverge(pair, a.overall, b.overall);
  for_each_row(pair, a, b,
               [&](std::optional<int> layer, std::span<const float> row_a, std::span<const float> row_b) {
                 for (const ViewPair::Place& place : pair.places) {
                   if (!place.shared()) continue;
                   const double change = pair.change(place, row_a, row_b);
                   if (out.largest && std::abs(change) <= std::abs(out.largest->value)) continue;
                   out.largest = WeightChange{change, layer, pair.views[0]->sources[place.source[0]],
                                              pair.views[1]->sources[place.source[1]]};
                 }
               });
  return out;
}

}  // namespace attnviz::diff
