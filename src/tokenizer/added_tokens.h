/// Tokens that are found in the text before the model sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/byte_trie.h"
#include "tokenizer/components.h"

namespace attnviz::tokenizer {

struct AddedToken {
  std::string content;
  /// What decoders see: the content, normalized when it is looked for there. Set by AddedTokens.
  std::string spelled;
  std::uint32_t id = 0;      ///< Set by AddedTokens.
  bool single_word = false;  ///< Only where no word character is beside it.
  bool lstrip = false;       ///< Takes the white space on its left with it.
  bool rstrip = false;       ///< And on its right.
  bool normalized = true;    ///< Is looked for in the normalized text, itself normalized.
  bool special = false;
};

class AddedTokens {
 public:
  AddedTokens() = default;
  /// Ids are given as the reference does: that of the model's piece where there is one, else the next free
  /// number. What a file says about the id is not used. Throws Error(kInput) naming `where` for a token that
  /// is absurdly long.
  AddedTokens(std::vector<AddedToken> tokens, const PieceModel& model, const Normalizer* normalizer,
              const std::string& where);

  /// `text` in parts: added tokens that are looked for as written, then the normalized rest with those that
  /// are looked for there.
  PreTokenized extract(std::string_view text, const Normalizer* normalizer) const;

  const AddedToken* find(std::int64_t id) const noexcept;
  std::optional<std::uint32_t> id_of(std::string_view content) const;
  std::int64_t end_id() const noexcept { return end_id_; }

 private:
  struct Found {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::int64_t id = -1;
  };
  void find_all(std::string_view text, const ByteTrie& trie, std::vector<Found>& out) const;

  std::vector<AddedToken> tokens_;
  std::unordered_map<std::string, std::size_t> by_content_;
  std::unordered_map<std::int64_t, std::size_t> by_id_;
  ByteTrie as_written_;
  ByteTrie normalized_;
  std::int64_t end_id_ = 0;
};

}  // namespace attnviz::tokenizer
