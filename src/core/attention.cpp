#include "attnviz/core.h"

namespace attnviz {

std::string_view to_string(AttentionKind kind) noexcept {
  switch (kind) {
    case AttentionKind::kSelf: return "self";
    case AttentionKind::kEncoder: return "encoder";
    case AttentionKind::kDecoder: return "decoder";
    case AttentionKind::kCross: return "cross";
  }
  return "self";
}

std::span<const float> AttentionMap::row(std::size_t layer, std::size_t query) const {
  const auto width = static_cast<std::size_t>(keys);
  return std::span(by_layer).subspan((layer * queries.size() + query) * width, width);
}

std::span<const float> AttentionMap::overall_row(std::size_t query) const {
  const auto width = static_cast<std::size_t>(keys);
  return std::span(overall).subspan(query * width, width);
}

}  // namespace attnviz
