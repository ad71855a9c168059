/// The character map of SentencePiece models: a double-array trie of byte strings and what they become.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnviz::tokenizer {

class PrecompiledMap {
 public:
  /// `blob` is the map as SentencePiece stores it. An empty one maps nothing. Throws Error(kInput) naming
  /// `where` when it is malformed.
  PrecompiledMap(std::string_view blob, const std::string& where);

  struct Found {
    std::size_t length = 0;  ///< Bytes of the text that are replaced.
    std::string_view replacement;
  };
  std::optional<Found> longest_prefix(std::string_view text) const noexcept;
  std::optional<Found> shortest_prefix(std::string_view text) const noexcept;

 private:
  template <bool kShortest>
  std::optional<Found> search(std::string_view text) const noexcept;

  std::vector<std::uint32_t> units_;
  std::string replacements_;  ///< Each ends with a zero byte.
};

/// Bytes of a base64 text; nothing when it is none.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace attnviz::tokenizer
