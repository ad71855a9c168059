/// Names from files that nobody vouches for, as messages show them.
#pragma once

#include <string>
#include <string_view>

namespace attnviz {

/// `text` cut after 60 bytes, with control characters and bytes that are not UTF-8 replaced by question
/// marks.
std::string shown(std::string_view text);

}  // namespace attnviz
