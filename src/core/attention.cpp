#include <algorithm>

#include "attnviz/core.h"

namespace attnviz {
namespace {

/// The union of two selections, where an empty one is everything.
template <typename T>
std::vector<T> either(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.empty() || b.empty()) return {};
  std::vector<T> both = a;
  both.insert(both.end(), b.begin(), b.end());
  std::sort(both.begin(), both.end());
  both.erase(std::unique(both.begin(), both.end()), both.end());
  return both;
}

}  // namespace

std::string_view to_string(AttentionKind kind) noexcept {
  switch (kind) {
    case AttentionKind::kSelf: return "self";
    case AttentionKind::kEncoder: return "encoder";
    case AttentionKind::kDecoder: return "decoder";
    case AttentionKind::kCross: return "cross";
  }
  return "self";
}

Axes axes_of(AttentionKind kind) noexcept {
  switch (kind) {
    case AttentionKind::kSelf: return {Side::kSource, Side::kSource, true};
    case AttentionKind::kEncoder: return {Side::kSource, Side::kSource, false};
    case AttentionKind::kDecoder: return {Side::kTarget, Side::kTarget, true};
    case AttentionKind::kCross: return {Side::kTarget, Side::kSource, false};
  }
  return {};
}

bool Needs::kind(AttentionKind kind) const noexcept {
  return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

bool Needs::layer(int layer) const noexcept {
  return layers.empty() || std::binary_search(layers.begin(), layers.end(), layer);
}

Needs operator|(const Needs& a, const Needs& b) {
  return {either(a.kinds, b.kinds), either(a.layers, b.layers), std::min(a.first_query, b.first_query)};
}

const AttentionMap* AttentionMaps::find(AttentionKind kind, const ReductionInfo& reduction) const noexcept {
  const auto found = std::find_if(maps.begin(), maps.end(), [&](const AttentionMap& map) {
    return map.kind == kind && map.reduction == &reduction;
  });
  return found == maps.end() ? nullptr : &*found;
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
