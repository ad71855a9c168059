#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/core.h"

namespace attnviz::cli {

/// "17,3, 8": numbers ≥ 0 in their order. Throws kUsage naming `option`.
std::vector<std::int64_t> parse_ids(std::string_view option, std::string_view text);

/// "self,cross" → kinds, each once. Throws kUsage.
std::vector<AttentionKind> parse_kinds(std::string_view text);

/// "mean,max,rollout" → reductions in their order, each once. Throws kUsage.
std::vector<const ReductionInfo*> parse_reductions(std::string_view text);

/// The names of `reductions`, as options and sentences list them: "mean,max,rollout", or with a word before
/// the last, "mean, max and rollout".
std::string names_of(std::span<const ReductionInfo* const> reductions);
std::string names_of(std::span<const ReductionInfo* const> reductions, std::string_view before_last);

/// What `parse` returns; what it refuses is put down to `option`.
template <class Parse>
auto of_option(const std::string& option, const Parse& parse) {
  try {
    return parse();
  } catch (const Error& error) {
    throw Error(error.kind(), option + ": " + error.what(), error.detail());
  }
}

}  // namespace attnviz::cli
