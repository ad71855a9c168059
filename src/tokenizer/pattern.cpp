#include "tokenizer/pattern.h"

#include <algorithm>

#include "tokenizer/json.h"

namespace attnviz::tokenizer {

Pattern Pattern::literal(std::string text) {
  Pattern pattern;
  pattern.literal_ = std::move(text);
  return pattern;
}

Pattern Pattern::regex(std::string_view expression, std::string where) {
  Pattern pattern;
  pattern.regex_.emplace(expression, std::move(where));
  return pattern;
}

Pattern Pattern::read(const json::Fields& fields, std::string_view name) {
  const json::Fields choice =
      fields.inside(fields.need(name, json::Kind::kObject), fields.component() + " pattern");
  if (choice.find("Regex") != nullptr) return regex(choice.text("Regex"), fields.place());
  const std::string_view exact = choice.text("String");
  // The reference makes an expression of it, and the empty one matches everywhere.
  return exact.empty() ? regex("", fields.place()) : literal(std::string(exact));
}

void Pattern::for_each_match(std::string_view text,
                             const std::function<void(std::size_t, std::size_t)>& on_match) const {
  if (regex_) {
    regex_->for_each_match(text, on_match);
    return;
  }
  if (literal_.empty()) return;
  for (std::size_t at = text.find(literal_); at != std::string_view::npos;
       at = text.find(literal_, at + literal_.size())) {
    on_match(at, at + literal_.size());
  }
}

void Pattern::cut(std::string_view text, std::vector<Match>& out) const {
  out.clear();
  std::size_t previous = 0;
  const auto add = [&](std::size_t begin, std::size_t end, bool is_match) {
    out.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), is_match});
  };
  for_each_match(text, [&](std::size_t begin, std::size_t end) {
    if (previous != begin) add(previous, begin, false);
    add(begin, end, true);
    previous = end;
  });
  if (previous != text.size()) add(previous, text.size(), false);
}

namespace {

/// Joins a match, or what lies between two, with what was kept before it where `joins(match, previous)` says
/// so; `previous` is whether the one before was a match.
template <typename Joins>
void join_with_previous(std::vector<Match>& matches, Joins joins) {
  std::size_t kept = 0;
  bool previous = false;
  for (const Match& match : matches) {
    if (kept > 0 && joins(match, previous)) {
      matches[kept - 1].end = match.end;
    } else {
      matches[kept++] = match;
    }
    previous = match.is_match;
  }
  matches.resize(kept);
}

void join_with_next(std::vector<Match>& matches) {
  std::size_t kept = matches.size();
  bool next = false;
  for (std::size_t i = matches.size(); i-- > 0;) {
    const Match match = matches[i];
    if (match.is_match && !next && kept < matches.size()) {
      matches[kept].begin = match.begin;
    } else {
      matches[--kept] = match;
    }
    next = match.is_match;
  }
  matches.erase(matches.begin(), matches.begin() + static_cast<std::ptrdiff_t>(kept));
}

}  // namespace

void apply_behavior(SplitBehavior behavior, std::vector<Match>& matches) {
  switch (behavior) {
    case SplitBehavior::kIsolated: return;
    case SplitBehavior::kRemoved: std::erase_if(matches, [](const Match& m) { return m.is_match; }); return;
    case SplitBehavior::kContiguous:
      join_with_previous(matches,
                         [](const Match& match, bool previous) { return match.is_match == previous; });
      return;
    case SplitBehavior::kMergedWithPrevious:
      join_with_previous(matches,
                         [](const Match& match, bool previous) { return match.is_match && !previous; });
      return;
    case SplitBehavior::kMergedWithNext: join_with_next(matches); return;
  }
}

}  // namespace attnviz::tokenizer
