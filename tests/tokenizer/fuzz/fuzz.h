/// What the fuzz targets share. A target may throw Error(kInput) and nothing else; anything that crashes is a
/// bug.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/tokenizer.h"

namespace attnviz::fuzz {

inline constexpr std::string_view kTexts[] = {
    "",
    " ",
    "Hello, world! don't 12 345",
    "  the caf\u00E9  a\u0301b \u4E2D\u6587 \U0001F44D\U0001F3FD \uFB01 \u1100\u1161\u11A8\n<s>[SEP]</s>",
};

/// Stops when a token does not fit the text that it was made from.
inline void check(const Encoding& encoding) {
  for (const Token& token : encoding.tokens) {
    if (token.sequence < 0) continue;
    const std::string& text = token.sequence == 1 ? encoding.pair : encoding.text;
    const auto size = static_cast<std::int64_t>(text.size());
    for (const Span& span : {token.reference, token.span.value_or(token.reference)}) {
      if (span.begin < 0 || span.end > size) std::abort();
    }
    if (find_invalid_utf8(token.text)) std::abort();
  }
}

inline void use(const Tokenizer& tokenizer, std::string_view text) {
  try {
    const Encoding encoding = tokenizer.encode(text, text.substr(0, 0));
    check(encoding);
    check(tokenizer.encode(text));
    std::vector<std::int64_t> ids;
    for (const Token& token : encoding.tokens) ids.push_back(token.id);
    const std::string text_of_ids = tokenizer.decode(ids);
    if (find_invalid_utf8(text_of_ids)) std::abort();
    const auto stream = tokenizer.stream();
    for (const std::int64_t id : ids) stream->push(id);
    if (stream->settled() + stream->pending() != text_of_ids) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) std::abort();
  }
}

/// Loads a tokenizer from `files` and uses it.
inline void load_and_use(const std::vector<CompanionFile>& files) {
  try {
    const auto tokenizer = load_tokenizer(files);
    if (tokenizer == nullptr) return;
    for (const std::string_view text : kTexts) use(*tokenizer, text);
    for (const std::int64_t id : {-1, 0, 5, 1 << 30}) tokenizer->token(id);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) std::abort();
  }
}

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace attnviz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
