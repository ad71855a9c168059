/// Single stages for tests, made from their JSON.
#pragma once

#include <string>
#include <vector>

#include "tokenizer/components.h"
#include "tokenizer/json.h"

namespace attnviz::tokenizer::test {

template <typename Make>
auto make_stage(Make make, const std::string& text) {
  const json::Document document(text, "in/tokenizer.json");
  return make(document.root(), document.where());
}

inline AlignedText normalized(const std::string& normalizer, std::string_view input) {
  AlignedText text(input);
  make_stage(make_normalizer, normalizer)->normalize(text);
  return text;
}

/// `text` as one part, as it comes from a normalizer that does nothing.
inline PreTokenized one_part(std::string_view text) {
  PreTokenized words;
  words.text = AlignedText(text);
  if (!text.empty()) words.splits.push_back({0, static_cast<std::uint32_t>(text.size()), 0, -1, {}});
  return words;
}

inline std::vector<std::string> parts_of(const PreTokenized& words) {
  std::vector<std::string> parts;
  for (const Split& split : words.splits) parts.emplace_back(words.of(split));
  return parts;
}

inline std::vector<std::string> cut(const std::string& pre_tokenizer, std::string_view text) {
  PreTokenized words = one_part(text);
  make_stage(make_pre_tokenizer, pre_tokenizer)->pre_tokenize(words);
  return parts_of(words);
}

/// The bytes of `input` that each byte of `text` is aligned with.
inline std::vector<std::string> sources(const AlignedText& text, std::string_view input) {
  std::vector<std::string> result;
  for (const Alignment& from : text.alignment)
    result.emplace_back(input.substr(from.begin, from.end - from.begin));
  return result;
}

}  // namespace attnviz::tokenizer::test
