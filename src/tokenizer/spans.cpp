#include "tokenizer/spans.h"

#include <algorithm>

#include "core/utf8.h"
#include "tokenizer/labels.h"
#include "tokenizer/unicode.h"

namespace attnviz::tokenizer {
namespace {

bool is_only(std::string_view piece, std::string_view mark) {
  if (mark.empty() || piece.empty()) return false;
  while (piece.starts_with(mark)) piece.remove_prefix(mark.size());
  return piece.empty();
}

/// How many tokens cover each byte, through where they begin and end: spans may overlap without bound.
std::vector<std::int32_t> count_cover(std::size_t size, int number, const std::vector<Token>& tokens) {
  std::vector<std::int32_t> cover(size + 1, 0);
  for (const Token& token : tokens) {
    if (token.sequence != number || !token.span || token.span->begin >= token.span->end) continue;
    ++cover[static_cast<std::size_t>(token.span->begin)];
    --cover[static_cast<std::size_t>(token.span->end)];
  }
  for (std::size_t i = 1; i < cover.size(); ++i) cover[i] += cover[i - 1];
  return cover;
}

}  // namespace

CharacterIndex::CharacterIndex(std::string_view text) : size_(text.size()) {
  if (utf8::is_ascii(text)) return;
  character_of_byte_.resize(text.size());
  byte_of_character_.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!utf8::is_continuation(text[i])) byte_of_character_.push_back(static_cast<std::uint32_t>(i));
    character_of_byte_[i] = static_cast<std::uint32_t>(byte_of_character_.size() - 1);
  }
  byte_of_character_.push_back(static_cast<std::uint32_t>(text.size()));
}

std::pair<std::int64_t, std::int64_t> CharacterIndex::to_characters(Alignment bytes) const noexcept {
  if (character_of_byte_.empty() || bytes.begin >= size_) return {bytes.begin, bytes.end};
  const std::int64_t begin = character_of_byte_[bytes.begin];
  if (bytes.end < size_) return {begin, character_of_byte_[bytes.end]};
  return {begin, std::int64_t{character_of_byte_[size_ - 1]} + 1};
}

Span CharacterIndex::to_bytes(std::int64_t begin, std::int64_t end) const noexcept {
  const auto to_byte = [&](std::int64_t character) -> std::int64_t {
    if (byte_of_character_.empty()) return std::min(character, static_cast<std::int64_t>(size_));
    const auto last = static_cast<std::int64_t>(byte_of_character_.size()) - 1;
    return byte_of_character_[static_cast<std::size_t>(std::min(character, last))];
  };
  return {to_byte(begin), to_byte(end)};
}

void place_drawing_spans(std::string_view text, int number, const std::vector<SequenceToken>& from,
                         std::string_view space_mark, std::vector<Token>& tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Token& token = tokens[i];
    if (token.sequence != number) continue;
    Span span = token.reference;
    if (span.begin >= span.end) span = {from[i].covered.begin, from[i].covered.end};
    if (span.begin >= span.end || span.end > static_cast<std::int64_t>(text.size())) continue;
    if (is_only(token.piece, space_mark)) {
      const auto begin = static_cast<std::size_t>(span.begin);
      std::size_t behind = begin;
      const bool is_space =
          unicode::is_whitespace(utf8::next(text, behind)) || text.substr(begin).starts_with(space_mark);
      const bool shared = i + 1 < tokens.size() && from[i + 1].sequence == number &&
                          from[i + 1].covered.begin == from[i].covered.begin;
      if (!is_space || shared) continue;
    }
    token.span = span;
  }
  // SentencePiece gives a character that is cut into bytes to the last one alone; it is drawn for all of
  // them.
  for (std::size_t i = tokens.size(); i-- > 1;) {
    const Token& token = tokens[i];
    Token& before = tokens[i - 1];
    const bool same = token.sequence == number && before.sequence == number && token.span && !before.span &&
                      before.reference.begin == token.span->begin && from[i - 1].word == from[i].word;
    if (same && fallback_byte(token.piece) && fallback_byte(before.piece)) before.span = token.span;
  }
  const std::vector<std::int32_t> cover = count_cover(text.size(), number, tokens);
  std::int64_t last_end = -1;
  std::int64_t last_extended = -1;
  for (Token& token : tokens) {
    if (token.sequence != number || !token.span) continue;
    if (token.span->end != last_end) {
      last_end = token.span->end;
      auto end = static_cast<std::size_t>(last_end);
      while (end < text.size() && cover[end] == 0) {
        std::size_t behind = end;
        if (!unicode::extends_grapheme(utf8::next(text, behind))) break;
        end = behind;
      }
      last_extended = static_cast<std::int64_t>(end);
    }
    token.span->end = last_extended;
  }
}

}  // namespace attnviz::tokenizer
