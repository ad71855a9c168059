#include "tokenizer/aligned_text.h"

#include <algorithm>

#include "core/utf8.h"

namespace attnviz::tokenizer {

AlignedText::AlignedText(std::string_view input, std::uint32_t first_byte) : text(input), origin(first_byte) {
  alignment.resize(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    i += utf8::length(text[i]);
    const Alignment whole{first_byte + static_cast<std::uint32_t>(begin),
                          first_byte + static_cast<std::uint32_t>(i)};
    for (std::size_t k = begin; k < i; ++k) alignment[k] = whole;
  }
}

void append_rewritten(std::string_view text, std::span<const Alignment> alignment, std::uint32_t origin,
                      std::span<const Change> changes, std::size_t removed, AlignedText& out) {
  std::size_t old = 0;  // Next byte of `text` to be replaced.
  const auto skip = [&](std::size_t characters) {
    for (; characters > 0 && old < text.size(); --characters) old += utf8::length(text[old]);
  };
  skip(removed);
  for (const Change& change : changes) {
    Alignment aligned{origin, origin};
    if (change.change > 0) {
      if (old > 0) aligned = alignment[old - 1];
    } else {
      if (!alignment.empty()) aligned = alignment[std::min(old, alignment.size() - 1)];
      skip(1 + static_cast<std::size_t>(-static_cast<std::int64_t>(change.change)));
    }
    utf8::append(out.text, change.character);
    out.alignment.resize(out.text.size(), aligned);
  }
}

void AlignedText::rewrite(std::span<const Change> changes, std::size_t removed) {
  AlignedText result;
  result.origin = origin;
  result.text.reserve(text.size());
  result.alignment.reserve(text.size());
  append_rewritten(text, alignment, origin, changes, removed, result);
  *this = std::move(result);
}

void AlignedText::prepend(std::string_view prefix) {
  if (text.empty() || prefix.empty()) return;
  text.insert(0, prefix);
  alignment.insert(alignment.begin(), prefix.size(), alignment.front());
}

}  // namespace attnviz::tokenizer
