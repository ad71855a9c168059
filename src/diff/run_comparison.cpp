#include <algorithm>
#include <cmath>
#include <set>

#include "diff/alignment.h"
#include "diff/comparison.h"
#include "diff/comparison_pictures.h"
#include "diff/differences.h"

namespace attnviz::diff {
namespace {

std::vector<std::string> names_of_outputs(const SavedRun& run, bool same_positions) {
  std::vector<std::string> names;
  for (const SavedMap& map : run.maps)
    names.push_back(same_positions ? std::to_string(map.token.index) + ' ' + map.token.text : map.token.text);
  return names;
}

const SavedView* find_view(const SavedMap& map, AttentionKind kind) {
  for (const SavedView& view : map.views) {
    if (view.kind == kind) return &view;
  }
  return nullptr;
}

/// Of those in common, a distribution over the heads of each layer, or the first.
const ReductionInfo* reduction_to_draw(const ReductionSet& a, const ReductionSet& b) {
  const auto common = [&b](const ReductionInfo* info) { return b.contains(info); };
  const auto best = std::find_if(a.begin(), a.end(), [&](const ReductionInfo* info) {
    return common(info) && info->distribution && !info->through_layers;
  });
  return *(best != a.end() ? best : std::find_if(a.begin(), a.end(), common));
}

/// Two runs, and what of the one goes with what of the other.
struct Aligned {
  std::array<SavedRun, 2> runs;
  std::vector<std::array<std::size_t, 2>> outputs;  ///< Maps of both, ascending.
  std::map<AttentionKind, Columns> columns;
  const ReductionInfo* drawn = nullptr;  ///< The reduction of the pictures, which both have.

  std::array<const SavedView*, 2> views_of(std::size_t output, AttentionKind kind) const {
    return {find_view(runs[0].maps[outputs[output][0]], kind),
            find_view(runs[1].maps[outputs[output][1]], kind)};
  }
  std::optional<ViewPair> pair_of(std::size_t output, AttentionKind kind) const {
    const auto [a, b] = views_of(output, kind);
    if (a == nullptr || b == nullptr) return std::nullopt;
    return ViewPair(*a, *b, columns.at(kind));
  }
};

/// One view of both runs under the reduction of the pictures.
struct DrawnPair {
  ViewPair views;
  const ReducedAttention& a;
  const ReducedAttention& b;
};

std::optional<DrawnPair> drawn_pair_of(const Aligned& aligned, std::size_t output, AttentionKind kind) {
  auto pair = aligned.pair_of(output, kind);
  if (!pair) return std::nullopt;
  const ReducedAttention* a = find_reduction(*pair->views[0], *aligned.drawn);
  const ReducedAttention* b = find_reduction(*pair->views[1], *aligned.drawn);
  if (a == nullptr || b == nullptr) return std::nullopt;
  return DrawnPair{std::move(*pair), *a, *b};
}

/// Throws kInput when no output token is in both.
std::vector<std::array<std::size_t, 2>> align_outputs(const SavedRun& a, const SavedRun& b,
                                                      bool same_positions) {
  std::vector<std::array<std::size_t, 2>> outputs;
  for (const auto& [in_a, in_b] :
       align(names_of_outputs(a, same_positions), names_of_outputs(b, same_positions)))
    outputs.push_back({in_a, in_b});
  if (!outputs.empty()) return outputs;
  throw Error(ErrorKind::kInput, "'" + a.folder + "' and '" + b.folder +
                                     "' have no output token in common (" + plural(a.maps.size(), "token") +
                                     " and " + std::to_string(b.maps.size()) +
                                     "); compare runs of the same text, or with the same --tokens");
}

/// Indices of the output tokens of a side that have no partner.
std::vector<std::int64_t> alone(const Aligned& aligned, std::size_t side) {
  std::set<std::size_t> paired;
  for (const auto& output : aligned.outputs) paired.insert(output[side]);
  std::vector<std::int64_t> indices;
  const std::vector<SavedMap>& maps = aligned.runs[side].maps;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    if (!paired.contains(i)) indices.push_back(maps[i].token.index);
  }
  return indices;
}

std::map<AttentionKind, Columns> align_sources(const SavedRun& a, const SavedRun& b, bool same_positions) {
  std::map<AttentionKind, Columns> columns;
  for (const AttentionKind kind : kAttentionKinds) columns.emplace(kind, Columns(a, b, kind, same_positions));
  return columns;
}

/// Throws kInput when the runs share no output token, no kind of attention or no reduction.
Aligned align_runs(SavedRun a, SavedRun b) {
  const bool same_positions = a.positions == b.positions;
  auto outputs = align_outputs(a, b, same_positions);
  check_kinds(a, b);
  check_reductions(a, b);
  const ReductionInfo* drawn = reduction_to_draw(reductions_of(a), reductions_of(b));
  auto columns = align_sources(a, b, same_positions);
  return {{std::move(a), std::move(b)}, std::move(outputs), std::move(columns), drawn};
}

std::optional<std::string> warning_of_outputs(const RunDiff& diff) {
  if (diff.only_a.empty() && diff.only_b.empty()) return std::nullopt;
  return plural(diff.only_a.size(), "output token") + " of A and " + std::to_string(diff.only_b.size()) +
         " of B have no partner; not compared";
}

std::optional<std::string> warning_of_sources(const Columns& columns, AttentionKind kind) {
  if (columns.alone(0) == 0 && columns.alone(1) == 0) return std::nullopt;
  return plural(columns.alone(0), "source") + " of A and " + std::to_string(columns.alone(1)) +
         " of B have no partner in " + std::string(to_string(kind)) +
         " attention; their weight counts as lost or new";
}

std::optional<std::string> warning_of_layers(const SavedView& a, const SavedView& b) {
  if (a.layers == b.layers) return std::nullopt;
  return "layers of " + std::string(to_string(a.kind)) + " attention differ, " +
         std::to_string(a.layers.size()) + " and " + std::to_string(b.layers.size()) + "; compared " +
         plural(common_layers(a, b).size(), "layer") + " of both, and the overall rows";
}

/// What is not compared, each once.
std::vector<std::string> warnings_of(const Aligned& aligned, const RunDiff& diff) {
  const auto& [a, b] = aligned.runs;
  std::vector<std::string> warnings;
  const auto add = [&warnings](std::optional<std::string> warning) {
    if (warning && std::find(warnings.begin(), warnings.end(), *warning) == warnings.end())
      warnings.push_back(std::move(*warning));
  };
  add(warning_of_outputs(diff));
  add(check_kinds(a, b));
  add(check_reductions(a, b));
  for (const AttentionKind kind : kAttentionKinds) add(warning_of_sources(aligned.columns.at(kind), kind));
  for (std::size_t output = 0; output < aligned.outputs.size(); ++output) {
    for (const AttentionKind kind : kAttentionKinds) {
      const auto [view_a, view_b] = aligned.views_of(output, kind);
      if (view_a != nullptr && view_b != nullptr) add(warning_of_layers(*view_a, *view_b));
    }
  }
  return warnings;
}

/// Segments of A in its order, then those of B alone.
std::vector<SegmentShift> compare_segments(const SavedView& a, const SavedView& b) {
  std::vector<SegmentShift> shifts;
  for (const SegmentMass& mass : a.segments) shifts.push_back({a.kind, mass.name, mass.mass, 0});
  for (const SegmentMass& mass : b.segments) {
    const auto end = shifts.begin() + static_cast<std::ptrdiff_t>(a.segments.size());
    const auto found =
        std::find_if(shifts.begin(), end, [&](const auto& shift) { return shift.name == mass.name; });
    if (found == end) {
      shifts.push_back({a.kind, mass.name, 0, mass.mass});
    } else {
      found->b = mass.mass;
    }
  }
  return shifts;
}

TokenDiff compare_token(const Aligned& aligned, std::size_t output) {
  const OutputToken& a = aligned.runs[0].maps[aligned.outputs[output][0]].token;
  const OutputToken& b = aligned.runs[1].maps[aligned.outputs[output][1]].token;
  TokenDiff out{.index_a = a.index, .index_b = b.index, .text = b.text};
  for (const AttentionKind kind : kAttentionKinds) {
    const auto pair = aligned.pair_of(output, kind);
    if (!pair) continue;
    for (const ReducedAttention& reduction : pair->views[0]->reductions) {
      const ReducedAttention* other = find_reduction(*pair->views[1], *reduction.reduction);
      if (other != nullptr) out.maps.push_back(compare_maps(*pair, reduction, *other));
    }
    for (SegmentShift& shift : compare_segments(*pair->views[0], *pair->views[1]))
      out.segments.push_back(std::move(shift));
  }
  return out;
}

RunDiff compare(const Aligned& aligned) {
  const auto& [a, b] = aligned.runs;
  RunDiff diff{.model_a = a.model, .model_b = b.model, .sha256_a = a.sha256, .sha256_b = b.sha256};
  diff.differences = differences_of(a, b);
  diff.only_a = alone(aligned, 0);
  diff.only_b = alone(aligned, 1);
  diff.warnings = warnings_of(aligned, diff);
  for (std::size_t output = 0; output < aligned.outputs.size(); ++output)
    diff.tokens.push_back(compare_token(aligned, output));
  return diff;
}

}  // namespace

struct RunComparison::Impl {
  Aligned aligned;
  RunDiff diff;
};

RunComparison::RunComparison(SavedRun a, SavedRun b) {
  Aligned aligned = align_runs(std::move(a), std::move(b));
  RunDiff diff = compare(aligned);
  impl_ = std::make_unique<Impl>(Impl{std::move(aligned), std::move(diff)});
}

RunComparison::~RunComparison() = default;
RunComparison::RunComparison(RunComparison&&) noexcept = default;
RunComparison& RunComparison::operator=(RunComparison&&) noexcept = default;

const RunDiff& RunComparison::diff() const noexcept { return impl_->diff; }

double RunComparison::largest_change() const {
  double largest = 0;
  for (std::size_t token = 0; token < impl_->aligned.outputs.size(); ++token) {
    for (const AttentionKind kind : kAttentionKinds) {
      if (const auto pair = drawn_pair_of(impl_->aligned, token, kind))
        largest = std::max(largest, diff::largest_change(pair->views, pair->a, pair->b));
    }
  }
  return largest;
}

std::vector<Heatmap> RunComparison::heatmaps(std::size_t token) const {
  std::vector<Heatmap> all;
  for (const AttentionKind kind : kAttentionKinds) {
    const auto pair = drawn_pair_of(impl_->aligned, token, kind);
    if (pair && !pair->views.places.empty())
      all.push_back(difference_map(pair->views, pair->a, pair->b, impl_->aligned.columns.at(kind)));
  }
  return all;
}

std::vector<Heatmap> RunComparison::overview() const {
  std::vector<Heatmap> all;
  for (const AttentionKind kind : kAttentionKinds) {
    Heatmap map = empty_overview(impl_->aligned.columns.at(kind), kind, *impl_->aligned.drawn);
    for (std::size_t token = 0; token < impl_->aligned.outputs.size(); ++token) {
      if (const auto pair = drawn_pair_of(impl_->aligned, token, kind))
        append_row(map, pair->views, pair->a, pair->b, impl_->diff.tokens[token]);
    }
    if (map.weights.rows > 0 && map.weights.columns > 0) all.push_back(std::move(map));
  }
  return all;
}

}  // namespace attnviz::diff
