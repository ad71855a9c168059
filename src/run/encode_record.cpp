#include "run/encode_record.h"

#include <algorithm>
#include <set>

#include "core/utf8.h"

namespace attnviz::run {
namespace {

Unit plain_unit(std::int64_t id) { return {.id = id, .label = "#" + std::to_string(id)}; }

Unit unit_of_id(std::int64_t id, const Tokenizer* tokenizer) {
  return tokenizer != nullptr ? unit_of(tokenizer->token(id)) : plain_unit(id);
}

Sequence sequence_of_ids(const std::vector<std::int64_t>& ids, const Tokenizer* tokenizer) {
  Sequence sequence;
  for (const std::int64_t id : ids) sequence.units.push_back(unit_of_id(id, tokenizer));
  return sequence;
}

EncodedSide side_of(const Encoding& encoding, std::vector<Segment> segments) {
  EncodedSide side{.sequence = sequence_of(encoding), .truncated = encoding.truncated};
  for (const Token& token : encoding.tokens) side.type_ids.push_back(token.type_id);
  side.sequence.segments = std::move(segments);
  assign_segments(side.sequence);
  return side;
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

EncodedSide encode_pair(const InputRecord& record, const Tokenizer& tokenizer) {
  if (!record.text) {
    throw Error(ErrorKind::kUsage,
                "a pair was given with segments or ids; its first sentence is a plain text (--text)");
  }
  const Encoding encoding = tokenizer.encode(*record.text, *record.pair);
  const auto whole = [](const std::string& text) { return Span{0, static_cast<std::int64_t>(text.size())}; };
  return side_of(encoding, {{"A", {whole(encoding.text), false}}, {"B", {whole(encoding.pair), true}}});
}

/// Masses and pictures tell segments by their names; only glue may come more than once.
void check_names(const InputRecord& record) {
  std::set<std::string_view> names;
  for (const NamedText& part : record.segments) {
    if (part.name == kGeneratedSegment && record.generate) {
      throw Error(ErrorKind::kUsage,
                  "a segment is named 'generated', which is what the masses call the model's own words; "
                  "name it otherwise");
    }
    if (!part.name.empty() && !names.insert(part.name).second) {
      throw Error(ErrorKind::kUsage,
                  "two segments are named '" + part.name +
                      "'; give each a name of its own (only the empty name, which is glue, "
                      "may come more than once)");
    }
  }
}

/// Length of the longest common prefix that does not end within a UTF-8 character of `a`.
std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return utf8::begin_of_character(a, static_cast<std::size_t>(end - a.begin()));
}

/// How far a stream has come, without its text.
struct Reached {
  std::size_t settled = 0;
  std::string pending;

  explicit Reached(const TextStream& stream) : settled(stream.settled().size()), pending(stream.pending()) {}
  /// How much of `full`, the text of the whole stream, was there.
  std::size_t of(std::string_view full) const {
    return settled + common_prefix(full.substr(settled), pending);
  }
};

}  // namespace

EncodedSide encode_source(const InputRecord& record, const Tokenizer* tokenizer) {
  if (!record.ids.empty() && !record.pair) {
    EncodedSide side{.sequence = sequence_of_ids(record.ids, tokenizer)};
    side.type_ids.assign(record.ids.size(), 0);
    return side;
  }
  if (record.pair) return encode_pair(record, required(tokenizer));
  if (record.segments.empty()) return side_of(required(tokenizer).encode(record.text.value_or("")), {});
  check_names(record);
  std::string text;
  std::vector<Segment> segments;
  for (const NamedText& part : record.segments) {
    const auto begin = static_cast<std::int64_t>(text.size());
    text += part.text;
    segments.push_back({part.name, {{begin, static_cast<std::int64_t>(text.size())}}});
  }
  return side_of(required(tokenizer).encode(text), std::move(segments));
}

Sequence encode_target(const InputRecord& record, const Tokenizer* tokenizer, const ModelConfig& config) {
  Sequence sequence;
  if (!record.target_ids.empty()) sequence = sequence_of_ids(record.target_ids, tokenizer);
  if (record.target)
    sequence = sequence_of(required(tokenizer).encode(*record.target, std::nullopt, !record.generate));
  const auto start = config.decoder_start ? config.decoder_start : config.bos;
  if (start && (sequence.units.empty() || sequence.units.front().id != *start)) {
    Unit first = unit_of_id(*start, tokenizer);
    first.place = {};
    first.special = true;
    sequence.units.insert(sequence.units.begin(), std::move(first));
  }
  if (sequence.units.empty()) {
    throw Error(ErrorKind::kInput,
                "the decoder needs a first token; give \"decoder_start\" in attnviz.json, or a --target that "
                "begins with it");
  }
  return sequence;
}

std::vector<std::int64_t> ids_of(const Sequence& sequence) {
  std::vector<std::int64_t> ids;
  ids.reserve(sequence.units.size());
  for (const Unit& unit : sequence.units) ids.push_back(unit.id);
  return ids;
}

void append_generated(Sequence& sequence, const std::vector<std::int64_t>& ids, const Tokenizer* tokenizer) {
  const std::size_t prompt = sequence.units.size();
  for (const std::int64_t id : ids) {
    sequence.units.push_back(unit_of_id(id, tokenizer));
    sequence.units.back().generated = true;
  }
  if (tokenizer == nullptr) return;
  const auto stream = tokenizer->stream();
  for (std::size_t i = 0; i < prompt; ++i) stream->push(sequence.units[i].id);
  const Reached before(*stream);
  std::vector<Reached> after;
  for (const std::int64_t id : ids) {
    stream->push(id);
    after.emplace_back(*stream);
  }
  const std::string full = stream->settled() + stream->pending();
  // Decoders may change the first word of what they are given, so the text is what the ids add to the
  // prompt's.
  const std::size_t start = before.of(full);
  sequence.generated = full.substr(start);
  const auto base = static_cast<std::int64_t>(sequence.text.size());
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto reached = static_cast<std::int64_t>(std::max(after[i].of(full), start) - start);
    const std::int64_t end = std::max(begin, reached);
    sequence.units[prompt + i].place = TextSpan{{base + begin, base + end}};
    begin = end;
  }
}

}  // namespace attnviz::run
