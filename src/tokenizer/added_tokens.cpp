#include "tokenizer/added_tokens.h"

#include <algorithm>

#include "core/utf8.h"
#include "tokenizer/unicode.h"

namespace attnviz::tokenizer {
namespace {

// Every position of the text is tried for every token at once, so this bounds the work for a byte of text.
constexpr std::size_t kLongestContent = 1024;

char32_t character_before(std::string_view text, std::size_t position) {
  position = utf8::begin_of_character(text, position - 1);
  return utf8::next(text, position);
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && unicode::is_word(character_before(text, begin))) return false;
  return end == text.size() || !unicode::is_word(utf8::next(text, end));
}

std::size_t without_space_before(std::string_view text, std::size_t begin, std::size_t limit) {
  while (begin > limit) {
    const char32_t c = character_before(text, begin);
    if (!unicode::is_whitespace(c)) break;
    begin -= utf8::length(c);
  }
  return std::max(begin, limit);
}

std::size_t without_space_behind(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    std::size_t behind = end;
    if (!unicode::is_whitespace(utf8::next(text, behind))) break;
    end = behind;
  }
  return end;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const PieceModel& model,
                         const Normalizer* normalizer, const std::string& where) {
  std::int64_t largest = -1;
  const auto model_size = static_cast<std::int64_t>(model.size());
  for (AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    if (token.content.size() > kLongestContent) {
      throw Error(ErrorKind::kInput, where + ": an added token has " + std::to_string(token.content.size()) +
                                         " bytes; at most " + std::to_string(kLongestContent) +
                                         " are accepted");
    }
    const auto [place, is_new] = by_content_.try_emplace(token.content, tokens_.size());
    if (!is_new) continue;
    const auto known = model.id_of(token.content);
    token.id = known ? *known : static_cast<std::uint32_t>(std::max(largest + 1, model_size));
    largest = std::max<std::int64_t>(largest, token.id);
    by_id_.insert_or_assign(token.id, tokens_.size());
    tokens_.push_back(std::move(token));
  }
  end_id_ = largest + 1;

  for (AddedToken& token : tokens_) {
    token.spelled = token.content;
    if (!token.normalized || normalizer == nullptr) continue;
    AlignedText content(token.content);
    normalizer->normalize(content);
    token.spelled = std::move(content.text);
  }
  // Of equal contents the reference takes the first one, special tokens before others; the trie takes the
  // last.
  std::vector<std::pair<std::string_view, std::uint32_t>> as_written;
  std::vector<std::pair<std::string_view, std::uint32_t>> normalized;
  for (const bool special : {false, true}) {
    for (auto token = tokens_.rbegin(); token != tokens_.rend(); ++token) {
      if (token->special == special)
        (token->normalized ? normalized : as_written).emplace_back(token->spelled, token->id);
    }
  }
  as_written_ = ByteTrie(std::move(as_written));
  normalized_ = ByteTrie(std::move(normalized));
}

const AddedToken* AddedTokens::find(std::int64_t id) const noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

std::optional<std::uint32_t> AddedTokens::id_of(std::string_view content) const {
  const auto found = by_content_.find(std::string(content));
  if (found == by_content_.end()) return std::nullopt;
  return tokens_[found->second].id;
}

void AddedTokens::find_all(std::string_view text, const ByteTrie& trie, std::vector<Found>& out) const {
  out.clear();
  const auto size = static_cast<std::uint32_t>(text.size());
  std::uint32_t rest = 0;  // What is before belongs to a token, or is out already.
  const auto put_rest = [&](std::uint32_t end) {
    if (rest < end) out.push_back({rest, end, -1});
  };
  for (std::uint32_t i = 0; i < size && !trie.empty();) {
    std::uint32_t node = trie.child(ByteTrie::kRoot, text[i]);
    std::uint32_t id = ByteTrie::kNone;
    std::uint32_t end = i;
    for (std::uint32_t k = i + 1; node != ByteTrie::kNone; node = trie.child(node, text[k++])) {
      if (trie.value(node) != ByteTrie::kNone) {
        id = trie.value(node);
        end = k;
      }
      if (k == size) break;
    }
    if (id == ByteTrie::kNone) {
      ++i;
      continue;
    }
    const std::uint32_t match_begin = i;
    i = end;
    const AddedToken& token = *find(id);
    if (token.single_word && !stands_alone(text, match_begin, end)) continue;
    std::size_t begin = match_begin;
    if (token.lstrip) begin = without_space_before(text, begin, rest);
    // As in the reference, what an earlier token took as white space is searched again, and may be another
    // token.
    std::size_t behind = end;
    if (token.rstrip) behind = end < rest ? rest : without_space_behind(text, end);
    put_rest(static_cast<std::uint32_t>(begin));
    out.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(behind), id});
    rest = static_cast<std::uint32_t>(behind);
  }
  put_rest(size);
}

PreTokenized AddedTokens::extract(std::string_view text, const Normalizer* normalizer) const {
  std::vector<Found> parts;
  find_all(text, as_written_, parts);
  PreTokenized words;
  const auto push = [&](const Found& found, std::uint32_t shift) {
    if (found.begin == found.end) return;
    const std::uint32_t begin = shift + found.begin;
    const std::uint32_t end = shift + found.end;
    const auto& alignment = words.text.alignment;
    words.splits.push_back(
        {begin, end, alignment[begin].begin, found.id, {alignment[begin].begin, alignment[end - 1].end}});
  };
  if (normalizer == nullptr && normalized_.empty()) {
    words.text = AlignedText(text);
    for (const Found& part : parts) push(part, 0);
    const auto is_token = [](const Found& part) { return part.id >= 0; };
    if (std::any_of(parts.begin(), parts.end(), is_token)) words.found = words.text.text;
    return words;
  }
  std::vector<Found> inner;
  std::uint32_t shift = 0;
  Found last;  // The last added token that is in `words.text`.
  for (const Found& part : parts) {
    if (part.id >= 0 && last.id >= 0 && part.begin < last.end) {
      push({part.begin - last.begin, part.end - last.begin, part.id}, shift);
      continue;
    }
    shift = static_cast<std::uint32_t>(words.text.text.size());
    AlignedText piece(text.substr(part.begin, part.end - part.begin), part.begin);
    if (part.id < 0 && normalizer != nullptr) normalizer->normalize(piece);
    words.text.text += piece.text;
    words.text.alignment.insert(words.text.alignment.end(), piece.alignment.begin(), piece.alignment.end());
    last = part;
    if (part.id >= 0) {
      push({0, static_cast<std::uint32_t>(piece.text.size()), part.id}, shift);
      continue;
    }
    find_all(piece.text, normalized_, inner);
    for (const Found& found : inner) push(found, shift);
  }
  words.found = words.text.text;
  return words;
}

}  // namespace attnviz::tokenizer
