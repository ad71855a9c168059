#include <algorithm>

#include "attnviz/batch.h"

namespace attnviz {
namespace {

/// Segment name that the masses use for what the model wrote itself.
constexpr std::string_view kGenerated = "generated";

Token plain_token(std::int64_t id) {
  Token token;
  token.id = id;
  token.text = "#" + std::to_string(id);
  return token;
}

Encoding encode_ids(const std::vector<std::int64_t>& ids, const Tokenizer* tokenizer) {
  Encoding encoding;
  for (const std::int64_t id : ids)
    encoding.tokens.push_back(tokenizer ? tokenizer->token(id) : plain_token(id));
  return encoding;
}

const Tokenizer& required(const Tokenizer* tokenizer) {
  if (tokenizer == nullptr) {
    throw Error(ErrorKind::kInput,
                "text was given, but there is no tokenizer beside the model or in it; name one with "
                "--tokenizer, or pass "
                "token ids with --ids");
  }
  return *tokenizer;
}

Encoding encode_pair(const InputRecord& record, const Tokenizer& tokenizer) {
  if (!record.text) {
    throw Error(ErrorKind::kUsage,
                "a pair was given with segments or ids; its first sentence is a plain text (--text)");
  }
  Encoding encoding = tokenizer.encode(*record.text, *record.pair);
  encoding.segments = {{"A", {0, static_cast<std::int64_t>(encoding.text.size())}, 0},
                       {"B", {0, static_cast<std::int64_t>(encoding.pair.size())}, 1}};
  assign_segments(encoding);
  return encoding;
}

/// Length of the longest common prefix that does not end within a UTF-8 character of `a`.
std::size_t common_prefix(std::string_view a, std::string_view b) {
  std::size_t length = static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())),
                    b.begin())
          .first -
      a.begin());
  while (length > 0 && length < a.size() && (static_cast<unsigned char>(a[length]) & 0xC0U) == 0x80U)
    --length;
  return length;
}

}  // namespace

Encoding encode_record(const InputRecord& record, const Tokenizer* tokenizer) {
  if (!record.ids.empty() && !record.pair) return encode_ids(record.ids, tokenizer);
  if (record.pair) return encode_pair(record, required(tokenizer));
  if (record.segments.empty()) return required(tokenizer).encode(record.text.value_or(""));
  std::string text;
  std::vector<Segment> segments;
  for (const NamedText& part : record.segments) {
    if (part.name == kGenerated && record.generate) {
      throw Error(ErrorKind::kUsage,
                  "a segment is named 'generated', which is what the masses call the model's own words; "
                  "name it otherwise");
    }
    const auto begin = static_cast<std::int64_t>(text.size());
    text += part.text;
    segments.push_back({part.name, {begin, static_cast<std::int64_t>(text.size())}});
  }
  Encoding encoding = required(tokenizer).encode(text);
  encoding.segments = std::move(segments);
  assign_segments(encoding);
  return encoding;
}

Encoding encode_target(const InputRecord& record, const Tokenizer* tokenizer, const ModelConfig& config) {
  Encoding encoding;
  if (!record.target_ids.empty()) encoding = encode_ids(record.target_ids, tokenizer);
  if (record.target) encoding = required(tokenizer).encode(*record.target, std::nullopt, !record.generate);
  const auto start = config.decoder_start ? config.decoder_start : config.bos;
  if (start && (encoding.tokens.empty() || encoding.tokens.front().id != *start)) {
    Token first = tokenizer != nullptr ? tokenizer->token(*start) : plain_token(*start);
    first.sequence = -1;
    first.special = true;
    encoding.tokens.insert(encoding.tokens.begin(), std::move(first));
  }
  if (encoding.tokens.empty()) {
    throw Error(ErrorKind::kInput,
                "the decoder needs a first token; give \"decoder_start\" in attnviz.json, or a --target that "
                "begins with it");
  }
  return encoding;
}

void append_generated(Encoding& encoding, const std::vector<std::int64_t>& ids, const Tokenizer* tokenizer) {
  if (tokenizer == nullptr) {
    for (const std::int64_t id : ids) encoding.tokens.push_back(plain_token(id));
    return;
  }
  std::vector<std::int64_t> all;
  for (const Token& token : encoding.tokens) all.push_back(token.id);
  const std::string before = tokenizer->decode(all);
  const std::size_t prompt = all.size();
  all.insert(all.end(), ids.begin(), ids.end());
  const std::string full = tokenizer->decode(all);
  // Decoders may change the first word of what they are given, so the text is what the ids add to the
  // prompt's.
  const std::size_t start = common_prefix(full, before);
  encoding.generated = full.substr(start);
  const auto base = static_cast<std::int64_t>(encoding.text.size());
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string so_far = tokenizer->decode(std::span(all).first(prompt + i + 1));
    const auto reached = static_cast<std::int64_t>(std::max(common_prefix(full, so_far), start) - start);
    Token token = tokenizer->token(ids[i]);
    token.span = Span{base + begin, base + std::max(begin, reached)};
    begin = std::max(begin, reached);
    encoding.tokens.push_back(std::move(token));
  }
}

}  // namespace attnviz
