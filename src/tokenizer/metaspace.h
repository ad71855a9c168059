/// Options of the Metaspace pre-tokenizer and decoder, in their old and new spelling; rewriting of splits.
#pragma once

#include "tokenizer/components.h"

namespace attnviz::tokenizer {

namespace json {
class Fields;
}

enum class PrependScheme { kAlways, kFirst, kNever };

struct Metaspace {
  char32_t replacement = U'▁';
  PrependScheme scheme = PrependScheme::kAlways;
  bool split = true;
};

Metaspace read_metaspace(const json::Fields& fields);

/// Calls `rewrite(part)` for every split that is no added token and for which `wanted(text)` holds.
template <typename Wanted, typename Rewrite>
void rewrite_splits(PreTokenized& words, Wanted wanted, Rewrite rewrite) {
  AlignedText result;
  result.origin = words.text.origin;
  result.text.reserve(words.text.text.size() + 64);
  result.alignment.reserve(words.text.text.size() + 64);
  AlignedText part;
  for (Split& split : words.splits) {
    if (split.added_token >= 0) continue;
    const auto begin = static_cast<std::uint32_t>(result.text.size());
    const auto first = words.text.alignment.begin() + split.begin;
    const auto last = words.text.alignment.begin() + split.end;
    if (wanted(words.of(split))) {
      part.text = words.of(split);
      part.alignment.assign(first, last);
      part.origin = split.origin;
      rewrite(part);
      result.text.append(part.text);
      result.alignment.insert(result.alignment.end(), part.alignment.begin(), part.alignment.end());
    } else {
      result.text.append(words.of(split));
      result.alignment.insert(result.alignment.end(), first, last);
    }
    split.begin = begin;
    split.end = static_cast<std::uint32_t>(result.text.size());
  }
  words.text = std::move(result);
}

}  // namespace attnviz::tokenizer
