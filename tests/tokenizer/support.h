/// Tokenizers for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "attnviz/tokenizer.h"

namespace attnviz::tokenizer::test {

inline std::unique_ptr<Tokenizer> load(std::string name, std::string bytes) {
  const CompanionFile file{name, "in/" + name, std::move(bytes)};
  return load_tokenizer(std::span(&file, 1));
}

inline std::unique_ptr<Tokenizer> load(const std::vector<std::pair<std::string, std::string>>& files) {
  std::vector<CompanionFile> companions;
  for (const auto& [name, bytes] : files) companions.push_back({name, "in/" + name, bytes});
  return load_tokenizer(companions);
}

/// The sentence of the error that loading gives; empty when there is none.
inline std::string load_error(const std::vector<std::pair<std::string, std::string>>& files) {
  try {
    load(files);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return {};
}

inline std::vector<std::int64_t> ids(const Encoding& encoding) {
  std::vector<std::int64_t> result;
  for (const Token& token : encoding.tokens) result.push_back(token.id);
  return result;
}

inline std::vector<std::string> labels(const Encoding& encoding) {
  std::vector<std::string> result;
  for (const Token& token : encoding.tokens) result.push_back(token.text);
  return result;
}

/// What the drawing spans cover; "-" for none.
inline std::vector<std::string> drawn(const Encoding& encoding) {
  std::vector<std::string> result;
  for (const Token& token : encoding.tokens) {
    const std::string& text = token.sequence == 1 ? encoding.pair : encoding.text;
    result.push_back(token.span ? text.substr(static_cast<std::size_t>(token.span->begin),
                                              static_cast<std::size_t>(token.span->end - token.span->begin))
                                : "-");
  }
  return result;
}

/// Feeds `ids` to a stream and expects, after each, the text that decode() gives for the ids so far, and that
/// what was settled stays.
inline void expect_stream_equals_decode(const Tokenizer& tokenizer, const std::vector<std::int64_t>& ids) {
  const auto stream = tokenizer.stream();
  std::string settled;
  for (std::size_t count = 0; count <= ids.size(); ++count) {
    if (count > 0) stream->push(ids[count - 1]);
    ASSERT_TRUE(stream->settled().starts_with(settled));
    ASSERT_FALSE(find_invalid_utf8(stream->settled()));
    settled = stream->settled();
    ASSERT_EQ(settled + stream->pending(), tokenizer.decode(std::span(ids).first(count)))
        << count << " of " << testing::PrintToString(ids);
  }
}

/// A field of protocol buffers: of bytes, of a number, of a float.
inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes += static_cast<char>(value);
}
inline std::string field(int number, const std::string& bytes) {
  return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(bytes.size()) + bytes;
}
inline std::string field(int number, std::uint64_t value) {
  return varint(static_cast<std::uint64_t>(number) << 3) + varint(value);
}
inline std::string field(int number, float value) {
  std::string bytes = varint(static_cast<std::uint64_t>(number) << 3 | 5);
  bytes.append(reinterpret_cast<const char*>(&value), 4);
  return bytes;
}
/// A piece of a SentencePiece model; types as in SentencePieceFile.
inline std::string piece(const std::string& text, float score, std::uint64_t type = 1) {
  return field(1, field(1, text) + field(2, score) + field(3, type));
}

}  // namespace attnviz::tokenizer::test
