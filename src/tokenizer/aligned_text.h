/// A text on its way through the tokenizer, with the bytes of the input that each of its bytes came from.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnviz::tokenizer {

/// Bytes [begin, end) of the input. 32 bits: texts over 1 GB are refused at the door.
struct Alignment {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(const Alignment&, const Alignment&) = default;
};

/// One character of a rewritten text and what it does to the old one, as the reference counts it: 0 takes the
/// place of one old character, -n of one and n more behind it, a positive number of none.
struct Change {
  char32_t character = 0;
  int change = 0;
};

/// A text and the alignment of each of its bytes, both of the same length. `origin` is where its slice of the
/// input begins: what is inserted in front of everything is aligned there.
struct AlignedText {
  std::string text;
  std::vector<Alignment> alignment;
  std::uint32_t origin = 0;

  AlignedText() = default;
  /// `input` as it is, every byte aligned with the whole character that it belongs to.
  explicit AlignedText(std::string_view input, std::uint32_t first_byte = 0);

  /// Puts `changes` in place of the text, after `removed` characters at the beginning that are gone. The
  /// alignment follows the reference exactly, also where the counts of `changes` do not add up (as those of
  /// Precompiled).
  void rewrite(std::span<const Change> changes, std::size_t removed = 0);
  /// Keeps the characters for which `keep(c)` holds; what is left out is aligned with nothing.
  template <typename Predicate>
  void filter(Predicate keep);
  /// Replaces each character by `map(c)`.
  template <typename Map>
  void map(Map map);
  /// Puts `prefix` in front of a text that is not empty, aligned with its first character.
  void prepend(std::string_view prefix);
};

/// Appends `text` with `alignment` mapped by `changes`; see AlignedText::rewrite.
void append_rewritten(std::string_view text, std::span<const Alignment> alignment, std::uint32_t origin,
                      std::span<const Change> changes, std::size_t removed, AlignedText& out);

/// Whether `predicate` holds for any character of `text`.
template <typename Predicate>
bool any_character(std::string_view text, Predicate predicate);

}  // namespace attnviz::tokenizer

#include "tokenizer/aligned_text_inl.h"
