/// A set of texts with a value each, walked byte by byte.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace attnviz::tokenizer {

class ByteTrie {
 public:
  ByteTrie() = default;
  /// Of equal texts the last one wins. Empty texts are left out.
  explicit ByteTrie(std::vector<std::pair<std::string_view, std::uint32_t>> entries);

  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::uint32_t kRoot = 0;

  /// Node behind `node` by `byte`, or kNone.
  std::uint32_t child(std::uint32_t node, char byte) const noexcept;
  /// Value of the text that ends at `node`, or kNone.
  std::uint32_t value(std::uint32_t node) const noexcept { return nodes_[node].value; }
  bool empty() const noexcept { return nodes_.size() <= 1; }

 private:
  struct Node {
    std::uint32_t first_child = 0;
    std::uint32_t children = 0;
    std::uint32_t value = kNone;
  };
  std::vector<Node> nodes_{Node{}};
  std::vector<char> labels_{'\0'};  ///< By node; the children of a node lie side by side.
  std::uint32_t from_root_[256] = {};
};

}  // namespace attnviz::tokenizer
