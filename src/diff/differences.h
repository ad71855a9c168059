/// What two runs say of themselves, before any weight is compared.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "attnviz/diff.h"

namespace attnviz::diff {

/// "1 token", "2 tokens".
std::string plural(std::size_t count, const std::string& one);

/// Of models, versions, options, texts and tokens, a sentence for each that differs.
std::vector<std::string> differences_of(const SavedRun& a, const SavedRun& b);

/// In the order of their names.
struct ByName {
  bool operator()(const ReductionInfo* a, const ReductionInfo* b) const { return a->name < b->name; }
};
using ReductionSet = std::set<const ReductionInfo*, ByName>;
ReductionSet reductions_of(const SavedRun& run);

/// Warns of kinds of attention that one run has alone. Throws kInput when there is none in both.
std::optional<std::string> check_kinds(const SavedRun& a, const SavedRun& b);
/// The same of reductions.
std::optional<std::string> check_reductions(const SavedRun& a, const SavedRun& b);

}  // namespace attnviz::diff
