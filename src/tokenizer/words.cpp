#include <unicode/brkiter.h>
#include <unicode/utext.h>

#include <algorithm>
#include <memory>
#include <set>

#include "attnviz/tokenizer.h"

namespace attnviz::tokenizer {
namespace {

/// Byte offsets at which a word may begin or end (Unicode Standard Annex 29, and ICU's dictionaries for
/// scripts without spaces).
std::set<std::int64_t> word_boundaries(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> words(
      icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
  const std::unique_ptr<UText, decltype(&utext_close)> bytes(
      utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status), &utext_close);
  if (U_SUCCESS(status)) words->setText(bytes.get(), status);
  if (U_FAILURE(status)) {
    throw Error(ErrorKind::kInput, std::string("ICU cannot find words: ") + u_errorName(status) +
                                       "; its data files may be missing");
  }
  std::set<std::int64_t> boundaries;
  for (std::int32_t at = words->first(); at != icu::BreakIterator::DONE; at = words->next())
    boundaries.insert(at);
  return boundaries;
}

/// Where the words of a sequence end.
class Words {
 public:
  explicit Words(const Sequence& sequence)
      : sequence_(sequence),
        boundaries_{word_boundaries(sequence.text), word_boundaries(sequence.pair)},
        written_(static_cast<std::int64_t>(sequence.text.size())) {
    boundaries_[0].insert(written_);
    for (const std::int64_t boundary : word_boundaries(sequence.generated))
      boundaries_[0].insert(written_ + boundary);
  }

  /// Whether `next` goes on with the word that `unit` belongs to.
  bool joined(const Unit& unit, const Unit& next) const {
    const TextSpan *span = unit.text(), *after = next.text();
    if (unit.special || next.special || span == nullptr || after == nullptr) return false;
    if (span->pair != after->pair || unit.generated != next.generated) return false;
    if (is_lone_space(unit, *span)) return span->end == after->begin && !starts_with_space(*after);
    if (span->begin == span->end || after->begin == after->end) return false;
    if (after->begin < span->end) return true;  // bytes of one character
    return after->begin == span->end && boundaries_[span->pair].count(span->end) == 0;
  }

  /// What people read: the bytes of the word without the spaces around it.
  std::string label(const TextSpan& span) const {
    std::string_view word = bytes_of(sequence_, span);
    const std::size_t start = std::min(word.find_first_not_of(' '), word.size());
    word.remove_prefix(start);
    word.remove_suffix(word.size() - (word.find_last_not_of(' ') + 1));
    return std::string(word);
  }

 private:
  bool starts_with_space(const TextSpan& span) const {
    return bytes_of(sequence_, {{span.begin, span.begin + 1}, span.pair}) == " ";
  }
  /// The space that a vocabulary keeps apart from the word behind it, "▁" or "Ġ".
  static bool is_lone_space(const Unit& unit, const TextSpan& span) {
    if (unit.piece != "▁" && unit.piece != "Ġ" && unit.piece != " ") return false;
    return span.end - span.begin <= 1;
  }

  const Sequence& sequence_;
  std::set<std::int64_t> boundaries_[2];  ///< Of the text with what was generated, and of the pair.
  std::int64_t written_;                  ///< Where the generated text begins.
};

Unit merged_unit(const Sequence& sequence, const Span& positions, const Words& words) {
  const auto at = [&](std::int64_t position) -> const Unit& {
    return sequence.units[static_cast<std::size_t>(position)];
  };
  Unit word = at(positions.begin);
  if (positions.end - positions.begin == 1) return word;
  for (std::int64_t position = positions.begin + 1; position < positions.end; ++position)
    word.piece += at(position).piece;
  auto& span = std::get<TextSpan>(word.place);
  span.end = at(positions.end - 1).text()->end;
  word.label = words.label(span);
  return word;
}

}  // namespace

Unit unit_of(const Token& token) {
  Unit unit{.id = token.id, .piece = token.piece, .label = token.text, .special = token.special};
  if (token.span && token.sequence >= 0) unit.place = TextSpan{*token.span, token.sequence == 1};
  return unit;
}

Sequence sequence_of(const Encoding& encoding) {
  Sequence sequence{.text = encoding.text, .pair = encoding.pair};
  sequence.units.reserve(encoding.tokens.size());
  for (const Token& token : encoding.tokens) sequence.units.push_back(unit_of(token));
  return sequence;
}

Sequence merge_words(const Sequence& sequence) {
  const Words words(sequence);
  Sequence out = sequence;
  out.units.clear();
  const auto count = static_cast<std::int64_t>(sequence.units.size());
  for (std::int64_t begin = 0, end = 1; begin < count; begin = end++) {
    while (end < count && words.joined(sequence.units[static_cast<std::size_t>(end) - 1],
                                       sequence.units[static_cast<std::size_t>(end)])) {
      ++end;
    }
    out.merged.push_back({begin, end});
    out.units.push_back(merged_unit(sequence, out.merged.back(), words));
  }
  assign_segments(out);
  return out;
}

}  // namespace attnviz::tokenizer
