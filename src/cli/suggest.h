#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace attnviz::cli {

/// The one of `known` that a person who typed `typed` most likely meant: that with the fewest letters to
/// insert, leave out, change or swap with their neighbour, the first of equals. Nothing where that is more
/// than a third of the letters of `typed`, or more than one of a name of up to five.
std::optional<std::string> nearest_name(std::string_view typed, std::span<const std::string> known);

}  // namespace attnviz::cli
