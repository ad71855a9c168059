/// Reductions and maps by name, for tests.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "attnviz/aggregate.h"

namespace attnviz::testing {

inline std::vector<const ReductionInfo*> named(std::initializer_list<std::string_view> names) {
  return reductions_named({names.begin(), names.size()});
}

inline const AttentionMap* find_map(const AttentionMaps& maps, AttentionKind kind, std::string_view name) {
  return maps.find(kind, *named({name}).front());
}

}  // namespace attnviz::testing
