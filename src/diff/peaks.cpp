/// Where two runs are furthest apart.
#include <cmath>

#include "attnviz/diff.h"

namespace attnviz::diff {
namespace {

/// The element of `items` for which `size_of` is largest, the first of equals; null where it is nowhere
/// there.
template <class Item, class SizeOf>
const Item* largest_of(const std::vector<Item>& items, const SizeOf& size_of) {
  const Item* best = nullptr;
  double largest = -1;
  for (const Item& item : items) {
    const double size = size_of(item);
    if (size <= largest) continue;
    largest = size;
    best = &item;
  }
  return best;
}

double js_of(const MapDiff* map) { return map != nullptr && map->divergence ? map->divergence->js : -1; }
double change_of(const MapDiff* map) {
  return map != nullptr && map->largest ? std::abs(map->largest->value) : -1;
}

}  // namespace

const MapDiff* TokenDiff::most_divergent() const noexcept {
  return largest_of(maps, [](const MapDiff& map) { return js_of(&map); });
}

const MapDiff* TokenDiff::most_different() const noexcept {
  return largest_of(maps, [](const MapDiff& map) { return change_of(&map); });
}

const SegmentShift* TokenDiff::largest_shift() const noexcept {
  return largest_of(segments, [](const SegmentShift& shift) { return std::abs(shift.b - shift.a); });
}

const TokenDiff* RunDiff::most_divergent() const noexcept {
  return largest_of(tokens, [](const TokenDiff& token) { return js_of(token.most_divergent()); });
}

const TokenDiff* RunDiff::most_different() const noexcept {
  return largest_of(tokens, [](const TokenDiff& token) { return change_of(token.most_different()); });
}

const RecordDiff* BatchDiff::most_divergent() const noexcept {
  return largest_of(records, [](const RecordDiff& record) {
    const TokenDiff* token = record.diff ? record.diff->most_divergent() : nullptr;
    return token == nullptr ? -1 : js_of(token->most_divergent());
  });
}

}  // namespace attnviz::diff
