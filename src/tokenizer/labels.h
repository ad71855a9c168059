/// What people read instead of a vocabulary's spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace attnviz::tokenizer {

/// "▁", which stands for a space in pieces of SentencePiece.
inline constexpr std::string_view kMetaspace = "\xE2\x96\x81";

/// How a vocabulary spells spaces and bytes.
struct Spelling {
  bool byte_level = false;        ///< "Ġ" is a space.
  bool metaspace = false;         ///< "▁" is a space.
  std::string continuing_prefix;  ///< "##", or empty.
  std::string end_suffix;         ///< "</w>", or empty.
};

/// The byte fallback piece of a byte, below 256: "<0xF0>".
std::string fallback_piece(unsigned byte);

/// The byte that a byte fallback piece "<0xF0>" stands for.
std::optional<unsigned char> fallback_byte(std::string_view piece) noexcept;

/// `piece` as people read it: decoded, one space in front of a word left out, other white space and control
/// characters made visible, bytes that are no whole character in hexadecimal with "…" where the rest of it is
/// missing.
std::string label_of(std::string_view piece, const Spelling& spelling);

}  // namespace attnviz::tokenizer
