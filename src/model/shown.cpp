#include "model/shown.h"

#include <algorithm>

#include "attnviz/core.h"

namespace attnviz {

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string kept;
  while (!text.empty() && kept.size() < kMost) {
    const auto is_inside = [&](std::size_t i) {
      return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
    };
    std::size_t length = 1;
    while (length < std::min<std::size_t>(text.size(), 4) && is_inside(length)) ++length;
    const bool control = static_cast<unsigned char>(text[0]) < 0x20U || text[0] == 0x7F;
    const bool good = !control && !find_invalid_utf8(text.substr(0, length));
    kept += good ? text.substr(0, length) : "?";
    text.remove_prefix(good ? length : 1);
  }
  return text.empty() ? kept : kept + "…";
}

}  // namespace attnviz
