/// From the offsets of the reference to bytes, and to what can be drawn on.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "attnviz/tokenizer.h"
#include "tokenizer/components.h"

namespace attnviz::tokenizer {

/// Code point offsets of a text, both ways.
class CharacterIndex {
 public:
  CharacterIndex() = default;
  explicit CharacterIndex(std::string_view text);
  /// Code points of a byte range, as the reference converts it.
  std::pair<std::int64_t, std::int64_t> to_characters(Alignment bytes) const noexcept;
  /// Bytes of a code point range; what is out of the text ends with it.
  Span to_bytes(std::int64_t begin, std::int64_t end) const noexcept;

 private:
  std::size_t size_ = 0;
  std::vector<std::uint32_t> character_of_byte_;  ///< Empty when every byte is a character.
  std::vector<std::uint32_t> byte_of_character_;
};

/// Sets Token::span of the tokens of sequence `number`, whose text is `text`. `from` are the same tokens with
/// what they covered before offsets were trimmed. A span is the reference's, or what it was before it was
/// trimmed to nothing; it is extended over combining marks and joiners behind it that belong to no token. A
/// token that only stands for a `space_mark` which is not in the text has no span.
void place_drawing_spans(std::string_view text, int number, const std::vector<SequenceToken>& from,
                         std::string_view space_mark, std::vector<Token>& tokens);

}  // namespace attnviz::tokenizer
