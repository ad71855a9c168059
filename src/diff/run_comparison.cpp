#include <algorithm>
#include <cmath>
#include <set>

#include "core/utf8.h"
#include "diff/alignment.h"
#include "diff/comparison.h"
#include "diff/comparison_pictures.h"

namespace attnviz::diff {
namespace {

constexpr std::array kKinds = {AttentionKind::kSelf, AttentionKind::kEncoder, AttentionKind::kCross,
                               AttentionKind::kDecoder};

std::string plural(std::size_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

std::string quoted(const std::string& text) {
  constexpr std::size_t kLongest = 60;
  const std::string_view begin = utf8::prefix(text, kLongest);
  return "'" + std::string(begin) + (begin.size() < text.size() ? "…'" : "'");
}

/// Appends a sentence for each name whose values differ; what a run lacks is "not given".
void compare_named(const std::string& what, const std::vector<std::pair<std::string, std::string>>& a,
                   const std::vector<std::pair<std::string, std::string>>& b, bool quote,
                   std::vector<std::string>& sentences) {
  const std::map<std::string, std::string> in_a(a.begin(), a.end()), in_b(b.begin(), b.end());
  std::set<std::string> names;
  for (const auto* side : {&in_a, &in_b}) {
    for (const auto& [name, value] : *side) names.insert(name);
  }
  const auto shown = [quote](const auto& side, const std::string& name) {
    const auto found = side.find(name);
    if (found == side.end()) return std::string("not given");
    return quote ? quoted(found->second) : found->second;
  };
  for (const std::string& name : names) {
    const auto of_a = in_a.find(name), of_b = in_b.find(name);
    if (of_a != in_a.end() && of_b != in_b.end() && of_a->second == of_b->second) continue;
    sentences.push_back(what + name + " differs: " + shown(in_a, name) + " and " + shown(in_b, name));
  }
}

std::vector<std::string> compare_runs(const SavedRun& a, const SavedRun& b) {
  std::vector<std::string> sentences;
  if (a.sha256 != b.sha256) {
    const auto named = [](const SavedRun& run) {
      return run.model + " (sha256 " + std::string(utf8::prefix(run.sha256, 12)) + "…)";
    };
    sentences.push_back("models differ: " + named(a) + " and " + named(b));
  }
  if (a.version != b.version) sentences.push_back("attnviz differs: " + a.version + " and " + b.version);
  compare_named("option ", a.options, b.options, false, sentences);
  compare_named("", a.texts, b.texts, true, sentences);
  if (a.positions != b.positions) {
    sentences.push_back("tokens differ: " + std::to_string(a.positions.size()) + " and " +
                        std::to_string(b.positions.size()));
  }
  return sentences;
}

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

std::set<std::string> names_of_views(const SavedRun& run) {
  std::set<std::string> names;
  for (const SavedMap& map : run.maps) {
    for (const SavedView& view : map.views) names.emplace(to_string(view.kind));
  }
  return names;
}

struct ByName {
  bool operator()(const ReductionInfo* a, const ReductionInfo* b) const { return a->name < b->name; }
};
using ReductionSet = std::set<const ReductionInfo*, ByName>;

ReductionSet reductions_of(const SavedRun& run) {
  ReductionSet reductions;
  for (const SavedMap& map : run.maps) {
    for (const SavedView& view : map.views) {
      for (const ReducedAttention& reduction : view.reductions) reductions.insert(reduction.reduction);
    }
  }
  return reductions;
}

std::set<std::string> names_of(const ReductionSet& reductions) {
  std::set<std::string> names;
  for (const ReductionInfo* info : reductions) names.emplace(info->name);
  return names;
}

std::string listed(const std::set<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

/// Warns of what one run has alone; throws kInput when nothing is in both.
void check_common(const SavedRun& a, const SavedRun& b, const std::string& what,
                  const std::set<std::string>& in_a, const std::set<std::string>& in_b,
                  std::vector<std::string>& warnings) {
  std::set<std::string> common, alone;
  std::set_intersection(in_a.begin(), in_a.end(), in_b.begin(), in_b.end(),
                        std::inserter(common, common.end()));
  if (common.empty()) {
    throw Error(ErrorKind::kInput, "cannot compare '" + a.folder + "', which has " + what + " " +
                                       listed(in_a) + ", with '" + b.folder + "', which has " + listed(in_b) +
                                       "; make both with the same options");
  }
  std::set_symmetric_difference(in_a.begin(), in_a.end(), in_b.begin(), in_b.end(),
                                std::inserter(alone, alone.end()));
  if (!alone.empty()) warnings.push_back("only one run has " + what + " " + listed(alone) + "; not compared");
}

/// Of those in common, a distribution over the heads of each layer, or the first.
const ReductionInfo* reduction_to_draw(const ReductionSet& a, const ReductionSet& b) {
  const auto common = [&b](const ReductionInfo* info) { return b.contains(info); };
  const auto best = std::find_if(a.begin(), a.end(), [&](const ReductionInfo* info) {
    return common(info) && info->distribution && !info->through_layers;
  });
  return *(best != a.end() ? best : std::find_if(a.begin(), a.end(), common));
}

void compare_segments(const ViewPair& pair, std::vector<SegmentShift>& shifts) {
  const auto kind = pair.views[0]->kind;
  for (const SegmentMass& mass : pair.views[0]->segments) shifts.push_back({kind, mass.name, mass.mass, 0});
  const auto begin = shifts.end() - static_cast<std::ptrdiff_t>(pair.views[0]->segments.size());
  std::vector<SegmentShift> new_ones;
  for (const SegmentMass& mass : pair.views[1]->segments) {
    const auto found =
        std::find_if(begin, shifts.end(), [&](const auto& shift) { return shift.name == mass.name; });
    if (found == shifts.end()) {
      new_ones.push_back({kind, mass.name, 0, mass.mass});
    } else {
      found->b = mass.mass;
    }
  }
  shifts.insert(shifts.end(), new_ones.begin(), new_ones.end());
}

}  // namespace

struct RunComparison::Impl {
  std::array<SavedRun, 2> runs;
  std::map<AttentionKind, Columns> columns;
  std::vector<std::array<std::size_t, 2>> partners;  ///< Maps of diff.tokens.
  const ReductionInfo* drawn = nullptr;              ///< The reduction of the pictures.
  RunDiff diff;

  std::optional<ViewPair> pair_of(std::size_t token, AttentionKind kind) const {
    const SavedView* a = find_view(runs[0].maps[partners[token][0]], kind);
    const SavedView* b = find_view(runs[1].maps[partners[token][1]], kind);
    if (a == nullptr || b == nullptr) return std::nullopt;
    return ViewPair(*a, *b, columns.at(kind));
  }

  void align_outputs(bool same_positions);
  void align_sources(bool same_positions);
  void compare_tokens();
  void warn_of_layers(const ViewPair& pair);
};

void RunComparison::Impl::align_outputs(bool same_positions) {
  const auto pairs =
      align(names_of_outputs(runs[0], same_positions), names_of_outputs(runs[1], same_positions));
  for (const auto& [a, b] : pairs) partners.push_back({a, b});
  for (std::size_t side = 0; side < 2; ++side) {
    std::set<std::size_t> paired;
    for (const auto& pair : partners) paired.insert(pair[side]);
    for (std::size_t i = 0; i < runs[side].maps.size(); ++i) {
      if (!paired.contains(i))
        (side == 0 ? diff.only_a : diff.only_b).push_back(runs[side].maps[i].token.index);
    }
  }
  const std::string folders = "'" + runs[0].folder + "' and '" + runs[1].folder + "'";
  if (partners.empty()) {
    throw Error(ErrorKind::kInput, folders + " have no output token in common (" +
                                       plural(runs[0].maps.size(), "token") + " and " +
                                       std::to_string(runs[1].maps.size()) +
                                       "); compare runs of the same text, or with the same --tokens");
  }
  if (!diff.only_a.empty() || !diff.only_b.empty()) {
    diff.warnings.push_back(plural(diff.only_a.size(), "output token") + " of A and " +
                            std::to_string(diff.only_b.size()) + " of B have no partner; not compared");
  }
}

void RunComparison::Impl::align_sources(bool same_positions) {
  for (const AttentionKind kind : kKinds) {
    const Columns& made =
        columns.emplace(kind, Columns(runs[0], runs[1], kind, same_positions)).first->second;
    if (made.alone(0) == 0 && made.alone(1) == 0) continue;
    diff.warnings.push_back(plural(made.alone(0), "source") + " of A and " + std::to_string(made.alone(1)) +
                            " of B have no partner in " + std::string(to_string(kind)) +
                            " attention; their weight counts as lost or new");
  }
}

void RunComparison::Impl::warn_of_layers(const ViewPair& pair) {
  if (pair.views[0]->layers == pair.views[1]->layers) return;
  const std::size_t common = common_layers(pair).size();
  std::string sentence = "layers of " + std::string(to_string(pair.views[0]->kind)) + " attention differ, " +
                         std::to_string(pair.views[0]->layers.size()) + " and " +
                         std::to_string(pair.views[1]->layers.size()) + "; compared " +
                         plural(common, "layer") + " of both, and the overall rows";
  if (std::find(diff.warnings.begin(), diff.warnings.end(), sentence) == diff.warnings.end())
    diff.warnings.push_back(std::move(sentence));
}

void RunComparison::Impl::compare_tokens() {
  for (std::size_t token = 0; token < partners.size(); ++token) {
    const OutputToken& a = runs[0].maps[partners[token][0]].token;
    const OutputToken& b = runs[1].maps[partners[token][1]].token;
    TokenDiff out{.index_a = a.index, .index_b = b.index, .text = b.text};
    for (const AttentionKind kind : kKinds) {
      const auto pair = pair_of(token, kind);
      if (!pair) continue;
      warn_of_layers(*pair);
      for (const ReducedAttention& reduction : pair->views[0]->reductions) {
        const ReducedAttention* other = find_reduction(*pair->views[1], *reduction.reduction);
        if (other != nullptr) out.maps.push_back(compare_maps(*pair, reduction, *other));
      }
      compare_segments(*pair, out.segments);
    }
    diff.tokens.push_back(std::move(out));
  }
}

RunComparison::RunComparison(SavedRun a, SavedRun b) : impl_(std::make_unique<Impl>()) {
  impl_->runs = {std::move(a), std::move(b)};
  const auto& [first, second] = impl_->runs;
  RunDiff& diff = impl_->diff;
  diff.model_a = first.model;
  diff.model_b = second.model;
  diff.sha256_a = first.sha256;
  diff.sha256_b = second.sha256;
  diff.differences = compare_runs(first, second);
  const bool same_positions = first.positions == second.positions;
  impl_->align_outputs(same_positions);
  check_common(first, second, "attention", names_of_views(first), names_of_views(second), diff.warnings);
  const ReductionSet in_a = reductions_of(first), in_b = reductions_of(second);
  check_common(first, second, "reductions", names_of(in_a), names_of(in_b), diff.warnings);
  impl_->drawn = reduction_to_draw(in_a, in_b);
  impl_->align_sources(same_positions);
  impl_->compare_tokens();
}

RunComparison::~RunComparison() = default;
RunComparison::RunComparison(RunComparison&&) noexcept = default;
RunComparison& RunComparison::operator=(RunComparison&&) noexcept = default;

const RunDiff& RunComparison::diff() const noexcept { return impl_->diff; }

std::vector<Heatmap> RunComparison::heatmaps(std::size_t token) const {
  std::vector<Heatmap> all;
  for (const AttentionKind kind : kKinds) {
    const auto pair = impl_->pair_of(token, kind);
    if (!pair) continue;
    const ReducedAttention* a = find_reduction(*pair->views[0], *impl_->drawn);
    const ReducedAttention* b = find_reduction(*pair->views[1], *impl_->drawn);
    if (a != nullptr && b != nullptr && !pair->places.empty())
      all.push_back(difference_map(*pair, *a, *b, impl_->columns.at(kind)));
  }
  return all;
}

std::vector<Heatmap> RunComparison::overview() const {
  std::vector<Heatmap> all;
  for (const AttentionKind kind : kKinds) {
    const Columns& columns = impl_->columns.at(kind);
    Heatmap map = empty_overview(columns, kind, *impl_->drawn);
    for (std::size_t token = 0; token < impl_->partners.size(); ++token) {
      const auto pair = impl_->pair_of(token, kind);
      const auto* a = pair ? find_reduction(*pair->views[0], *impl_->drawn) : nullptr;
      const auto* b = pair ? find_reduction(*pair->views[1], *impl_->drawn) : nullptr;
      if (a != nullptr && b != nullptr) append_row(map, *pair, *a, *b, impl_->diff.tokens[token]);
    }
    if (map.weights.rows > 0 && map.weights.columns > 0) all.push_back(std::move(map));
  }
  return all;
}

}  // namespace attnviz::diff
