#include <algorithm>
#include <utility>

#include "attnviz/core.h"
#include "tokenizer/pipeline.h"

namespace attnviz::tokenizer {
namespace {

void cut(Part& part, std::size_t length, bool keep_end) {
  if (part.size() <= length) return;
  if (keep_end) part.erase(part.begin(), part.end() - static_cast<std::ptrdiff_t>(length));
  part.resize(length);
}

/// What two sequences of these lengths get of `room`: the shorter one is kept whole where that is possible.
std::pair<std::size_t, std::size_t> share(std::size_t first, std::size_t second, std::size_t room) {
  std::size_t shorter = std::min(first, second);
  std::size_t longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  return first > second ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

/// Tokens that are left when whole words are taken until the model has given `limit` of them.
std::size_t whole_words(const Part& part, std::size_t limit, bool keep_end) {
  const auto at = [&](std::size_t i) -> const SequenceToken& {
    return part[keep_end ? part.size() - 1 - i : i];
  };
  std::size_t given = 0;
  std::size_t length = 0;
  while (length < part.size() && given < std::max<std::size_t>(limit, 1)) given += at(length++).added ? 0 : 1;
  while (length < part.size() && at(length).word == at(length - 1).word) ++length;
  return length;
}

}  // namespace

std::int64_t truncate(std::vector<Part>& parts, const Truncation& truncation, std::size_t added,
                      const std::string& where) {
  std::size_t before = 0;
  std::size_t total = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Part& part = parts[i];
    before += part.size();
    const auto other = i == 0 ? Truncation::Strategy::kOnlySecond : Truncation::Strategy::kOnlyFirst;
    if (truncation.strategy != other)
      cut(part, whole_words(part, truncation.max_length, truncation.keep_end), truncation.keep_end);
    total += part.size();
  }
  // The reference stops the model once a sequence has enough, and knows no room for less than its template.
  const bool fits = truncation.max_length < added || total <= truncation.max_length - added;
  if (fits) return static_cast<std::int64_t>(before - total);
  const std::size_t room = truncation.max_length - added;
  const std::size_t excess = total - room;
  if (truncation.strategy == Truncation::Strategy::kLongestFirst || room == 0) {
    if (parts.size() == 2) {
      const auto [first, second] = share(parts[0].size(), parts[1].size(), room);
      cut(parts[0], first, truncation.keep_end);
      cut(parts[1], second, truncation.keep_end);
    } else {
      cut(parts[0], room, truncation.keep_end);
    }
  } else {
    const bool only_first = truncation.strategy == Truncation::Strategy::kOnlyFirst;
    if (!only_first && parts.size() < 2) {
      throw Error(ErrorKind::kInput, where + ": truncation OnlySecond to " +
                                         std::to_string(truncation.max_length) +
                                         " tokens needs a second text, and there is none");
    }
    Part& part = parts[only_first ? 0 : 1];
    if (part.size() <= excess) {
      throw Error(ErrorKind::kInput, where + ": truncation to " + std::to_string(truncation.max_length) +
                                         " tokens should cut " + std::to_string(excess) +
                                         " tokens of a text of " + std::to_string(part.size()) +
                                         "; the other text is too long");
    }
    cut(part, part.size() - excess, truncation.keep_end);
  }
  std::size_t left = 0;
  for (const Part& part : parts) left += part.size();
  return static_cast<std::int64_t>(before - left);
}

}  // namespace attnviz::tokenizer
