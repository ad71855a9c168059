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

/// The texts of the two sequences, and where their words end.
class Words {
 public:
  explicit Words(const Encoding& encoding)
      : texts_{encoding.text + encoding.generated, encoding.pair},
        boundaries_{word_boundaries(encoding.text), word_boundaries(encoding.pair)},
        written_(static_cast<std::int64_t>(encoding.text.size())) {
    boundaries_[0].insert(written_);
    for (const std::int64_t boundary : word_boundaries(encoding.generated))
      boundaries_[0].insert(written_ + boundary);
  }

  /// Whether `next` goes on with the word that `token` belongs to.
  bool joined(const Token& token, const Token& next) const {
    if (token.special || next.special || token.sequence < 0 || token.sequence != next.sequence) return false;
    if (!token.span || !next.span) return false;
    if (token.sequence == 0 && token.span->begin < written_ && next.span->begin >= written_) return false;
    if (is_lone_space(token)) return token.span->end == next.span->begin && !starts_with_space(next);
    if (token.span->begin == token.span->end || next.span->begin == next.span->end) return false;
    if (next.span->begin < token.span->end) return true;  // bytes of one character
    return next.span->begin == token.span->end && boundaries_of(token).count(token.span->end) == 0;
  }

  /// What people read: the bytes of the word without the spaces around it.
  std::string label(const Token& first, const Token& last) const {
    const auto begin = static_cast<std::size_t>(first.span->begin);
    std::string_view word =
        std::string_view(text_of(first)).substr(begin, static_cast<std::size_t>(last.span->end) - begin);
    const std::size_t start = std::min(word.find_first_not_of(' '), word.size());
    word.remove_prefix(start);
    word.remove_suffix(word.size() - (word.find_last_not_of(' ') + 1));
    return std::string(word);
  }

 private:
  const std::string& text_of(const Token& token) const { return texts_[token.sequence == 1]; }
  const std::set<std::int64_t>& boundaries_of(const Token& token) const {
    return boundaries_[token.sequence == 1];
  }
  bool starts_with_space(const Token& token) const {
    const auto at = static_cast<std::size_t>(token.span->begin);
    return at < text_of(token).size() && text_of(token)[at] == ' ';
  }
  /// The space that a vocabulary keeps apart from the word behind it, "▁" or "Ġ".
  bool is_lone_space(const Token& token) const {
    if (token.piece != "▁" && token.piece != "Ġ" && token.piece != " ") return false;
    return token.span->end - token.span->begin <= 1;
  }

  std::string texts_[2];
  std::set<std::int64_t> boundaries_[2];
  std::int64_t written_;  ///< Where the generated text begins.
};

Token merged_token(const Encoding& encoding, const Span& tokens, const Words& words) {
  const auto at = [&](std::int64_t position) -> const Token& {
    return encoding.tokens[static_cast<std::size_t>(position)];
  };
  Token word = at(tokens.begin);
  if (tokens.end - tokens.begin == 1) return word;
  for (std::int64_t position = tokens.begin + 1; position < tokens.end; ++position)
    word.piece += at(position).piece;
  word.text = words.label(at(tokens.begin), at(tokens.end - 1));
  word.span->end = at(tokens.end - 1).span->end;
  word.reference.end = at(tokens.end - 1).reference.end;
  return word;
}

}  // namespace

Encoding merge_words(const Encoding& encoding) {
  const Words words(encoding);
  Encoding out = encoding;
  out.tokens.clear();
  const auto count = static_cast<std::int64_t>(encoding.tokens.size());
  for (std::int64_t begin = 0, end = 1; begin < count; begin = end++) {
    while (end < count && words.joined(encoding.tokens[static_cast<std::size_t>(end) - 1],
                                       encoding.tokens[static_cast<std::size_t>(end)])) {
      ++end;
    }
    out.merged.push_back({begin, end});
    out.tokens.push_back(merged_token(encoding, out.merged.back(), words));
    out.tokens.back().word = static_cast<int>(out.merged.size()) - 1;
  }
  assign_segments(out);
  return out;
}

}  // namespace attnviz::tokenizer
