#include "diff/differences.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/utf8.h"

namespace attnviz::diff {
namespace {

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

std::set<std::string> names_of_views(const SavedRun& run) {
  std::set<std::string> names;
  for (const SavedMap& map : run.maps) {
    for (const SavedView& view : map.views) names.emplace(to_string(view.kind));
  }
  return names;
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

/// `what` is of which `in_a` and `in_b` are the names.
std::optional<std::string> check_common(const SavedRun& a, const SavedRun& b, const std::string& what,
                                        const std::set<std::string>& in_a,
                                        const std::set<std::string>& in_b) {
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
  if (alone.empty()) return std::nullopt;
  return "only one run has " + what + " " + listed(alone) + "; not compared";
}

}  // namespace

std::string plural(std::size_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

std::vector<std::string> differences_of(const SavedRun& a, const SavedRun& b) {
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

ReductionSet reductions_of(const SavedRun& run) {
  ReductionSet reductions;
  for (const SavedMap& map : run.maps) {
    for (const SavedView& view : map.views) {
      for (const ReducedAttention& reduction : view.reductions) reductions.insert(reduction.reduction);
    }
  }
  return reductions;
}

std::optional<std::string> check_kinds(const SavedRun& a, const SavedRun& b) {
  return check_common(a, b, "attention", names_of_views(a), names_of_views(b));
}

std::optional<std::string> check_reductions(const SavedRun& a, const SavedRun& b) {
  return check_common(a, b, "reductions", names_of(reductions_of(a)), names_of(reductions_of(b)));
}

}  // namespace attnviz::diff
