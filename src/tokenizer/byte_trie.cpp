#include "tokenizer/byte_trie.h"

#include <algorithm>
#include <cstring>

namespace attnviz::tokenizer {

ByteTrie::ByteTrie(std::vector<std::pair<std::string_view, std::uint32_t>> entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  struct Range {
    std::size_t begin, end, depth;
  };
  // Node i is made of ranges[i]: breadth first, so the children of a node are neighbours.
  std::vector<Range> ranges{{0, entries.size(), 0}};
  for (std::size_t node = 0; node < ranges.size(); ++node) {
    auto [begin, end, depth] = ranges[node];
    while (begin < end && entries[begin].first.size() == depth) {
      if (depth > 0) nodes_[node].value = entries[begin].second;
      ++begin;
    }
    nodes_[node].first_child = static_cast<std::uint32_t>(ranges.size());
    while (begin < end) {
      const char label = entries[begin].first[depth];
      std::size_t behind = begin + 1;
      while (behind < end && entries[behind].first[depth] == label) ++behind;
      ranges.push_back({begin, behind, depth + 1});
      nodes_.emplace_back();
      labels_.push_back(label);
      begin = behind;
    }
    nodes_[node].children = static_cast<std::uint32_t>(ranges.size()) - nodes_[node].first_child;
  }
  std::fill(std::begin(from_root_), std::end(from_root_), kNone);
  for (std::uint32_t i = 0; i < nodes_[0].children; ++i) {
    from_root_[static_cast<unsigned char>(labels_[1 + i])] = 1 + i;
  }
}

std::uint32_t ByteTrie::child(std::uint32_t node, char byte) const noexcept {
  if (nodes_.size() == 1) return kNone;
  if (node == kRoot) return from_root_[static_cast<unsigned char>(byte)];
  const Node& parent = nodes_[node];
  if (parent.children == 0) return kNone;
  const char* const labels = labels_.data() + parent.first_child;
  if (parent.children == 1) return *labels == byte ? parent.first_child : kNone;
  const void* const found = std::memchr(labels, byte, parent.children);
  if (found == nullptr) return kNone;
  return parent.first_child + static_cast<std::uint32_t>(static_cast<const char*>(found) - labels);
}

}  // namespace attnviz::tokenizer
