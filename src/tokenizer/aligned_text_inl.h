/// Templates of aligned_text.h.
#pragma once

#include "core/utf8.h"
#include "tokenizer/aligned_text.h"

namespace attnviz::tokenizer {

template <typename Predicate>
bool any_character(std::string_view text, Predicate predicate) {
  for (std::size_t i = 0; i < text.size();) {
    if (predicate(utf8::next(text, i))) return true;
  }
  return false;
}

template <typename Predicate>
void AlignedText::filter(Predicate keep) {
  if (!any_character(text, [&](char32_t c) { return !keep(c); })) return;
  std::vector<Change> changes;
  changes.reserve(text.size());
  std::size_t removed = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = utf8::next(text, i);
    if (keep(c)) {
      changes.push_back({c, 0});
    } else if (changes.empty()) {
      ++removed;
    } else {
      --changes.back().change;
    }
  }
  rewrite(changes, removed);
}

template <typename Map>
void AlignedText::map(Map map) {
  if (!any_character(text, [&](char32_t c) { return map(c) != c; })) return;
  std::vector<Change> changes;
  changes.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) changes.push_back({map(utf8::next(text, i)), 0});
  rewrite(changes);
}

}  // namespace attnviz::tokenizer
