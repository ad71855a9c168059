#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace attnviz::diff {

/// Places (i, j), ascending in both, of a longest common subsequence of `a` and `b`, after Hirschberg 1975
/// ("A linear space algorithm for computing maximal common subsequences"): O(|a|·|b|) time where they differ,
/// linear space.
std::vector<std::pair<std::size_t, std::size_t>> align(std::span<const std::string> a,
                                                       std::span<const std::string> b);

}  // namespace attnviz::diff
