#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "attnviz/diff.h"

namespace attnviz::diff {

/// The sources of one kind of attention over two runs, each in its own column, partners in the same one; in
/// the order of both.
class Columns {
 public:
  /// `same_positions`: the runs have the same tokens, so that sources are partners by their place.
  Columns(const SavedRun& a, const SavedRun& b, AttentionKind kind, bool same_positions);
  std::size_t count() const noexcept { return sources_.size(); }
  const SavedSource& source(std::size_t column) const { return sources_[column]; }
  /// Column of a source of A (`side` 0) or B (`side` 1).
  std::size_t of(std::size_t side, const SavedSource& source) const;
  /// Sources of a side that have no partner.
  std::size_t alone(std::size_t side) const noexcept { return alone_[side]; }

 private:
  using Key = std::pair<std::int64_t, std::string>;
  std::vector<SavedSource> sources_;  ///< As B has it, or A alone.
  std::array<std::map<Key, std::size_t>, 2> columns_;
  std::array<std::size_t, 2> alone_{};
};

/// One view as both runs have it: what each of its columns is in A and in B.
struct ViewPair {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Place {
    std::size_t column;                               ///< Of Columns.
    std::array<std::size_t, 2> source{kNone, kNone};  ///< In the view of A and of B, or kNone.
    bool shared() const noexcept { return source[0] != kNone && source[1] != kNone; }
  };
  std::array<const SavedView*, 2> views;
  std::vector<Place> places;  ///< Ascending by column.

  ViewPair(const SavedView& a, const SavedView& b, const Columns& columns);
  /// B − A in one place of two rows of weights; what a side lacks is 0 there.
  float change(const Place& place, std::span<const float> a, std::span<const float> b) const;
};

/// Row pairs of the layers that both views have.
std::vector<std::array<std::size_t, 2>> common_layers(const SavedView& a, const SavedView& b);

/// Calls `look(layer, row of A, row of B)` for each layer that both views have, and last, without a layer,
/// for the overall rows.
template <class Look>
void for_each_row(const ViewPair& pair, const ReducedAttention& a, const ReducedAttention& b,
                  const Look& look) {
  const std::size_t width_a = pair.views[0]->sources.size(), width_b = pair.views[1]->sources.size();
  for (const auto& [row_a, row_b] : common_layers(*pair.views[0], *pair.views[1])) {
    look(std::optional(pair.views[0]->layers[row_a]),
         std::span(a.layers.values).subspan(row_a * width_a, width_a),
         std::span(b.layers.values).subspan(row_b * width_b, width_b));
  }
  look(std::optional<int>(), std::span(a.overall), std::span(b.overall));
}

/// Null when `view` has no such reduction.
const ReducedAttention* find_reduction(const SavedView& view, const ReductionInfo& reduction);

/// Divergence of two overall rows (see diff.h).
Divergence diverge(const ViewPair& pair, std::span<const float> a, std::span<const float> b);

/// The largest |B − A| in one place of a layer that both have, or of the overall rows; what a side lacks is
/// 0.
double largest_change(const ViewPair& pair, const ReducedAttention& a, const ReducedAttention& b);

/// Everything about one reduction of one pair of views.
MapDiff compare_maps(const ViewPair& pair, const ReducedAttention& a, const ReducedAttention& b);

}  // namespace attnviz::diff
