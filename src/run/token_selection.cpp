#include "run/token_selection.h"

#include <algorithm>
#include <charconv>

namespace attnviz::run {
namespace {

/// Both ends included.
struct Range {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return parts;
}

std::optional<std::int64_t> parse_number(std::string_view digits) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

/// "3", "3-7", and where `may_be_negative` "-1" and "-4--2"; `refuse` is called with what is wrong.
template <class Refuse>
Range parse_range(std::string_view part, bool may_be_negative, const Refuse& refuse) {
  const std::size_t dash = part.find('-', 1);
  const auto parse = [&](std::string_view digits) {
    const auto number = parse_number(digits);
    if (!number || (*number < 0 && !may_be_negative)) refuse("no number or range");
    if (std::abs(std::max(*number, -kLargestPosition - 1)) > kLargestPosition) refuse("too large");
    return *number;
  };
  Range range{.first = parse(part.substr(0, dash))};
  range.last = dash == std::string_view::npos ? range.first : parse(part.substr(dash + 1));
  if ((range.first < 0) != (range.last < 0)) refuse("a range with one end counted from the end");
  if (range.last < range.first) refuse("a range that ends before it begins");
  return range;
}

std::vector<std::int64_t> numbers_of(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  std::vector<std::int64_t> numbers;
  for (auto [number, last] : ranges) {
    if (!numbers.empty()) number = std::max(number, numbers.back() + 1);
    for (; number <= last; ++number) numbers.push_back(number);
  }
  return numbers;
}

[[noreturn]] void refuse_part(std::string_view what, std::string_view part, const std::string& why) {
  throw Error(ErrorKind::kUsage, std::string(what) + ": '" + std::string(part) + "' is " + why);
}

}  // namespace

std::vector<std::int64_t> parse_selection(std::string_view what, std::string_view text) {
  std::vector<Range> ranges;
  for (const std::string_view part : parts_of(text)) {
    ranges.push_back(parse_range(part, false, [&](const std::string& why) {
      refuse_part(what, part, why + "; write them as 3,7-12, from 0 to " + std::to_string(kLargestPosition));
    }));
  }
  return numbers_of(std::move(ranges));
}

TokenSelection parse_tokens(std::string_view what, std::string_view text) {
  TokenSelection selection;
  std::vector<Range> ranges;
  for (const std::string_view part : parts_of(text)) {
    const bool is_range = part.empty() || part.front() == '-' || (part.front() >= '0' && part.front() <= '9');
    if (!is_range) {
      if (std::find(selection.names.begin(), selection.names.end(), part) == selection.names.end())
        selection.names.emplace_back(part);
      continue;
    }
    ranges.push_back(parse_range(part, true, [&](const std::string& why) {
      refuse_part(what, part,
                  why + "; write positions as 3,7-12 or -1 (the last), up to " +
                      std::to_string(kLargestPosition) + ", and special tokens by name, as [CLS]");
    }));
  }
  selection.positions = numbers_of(std::move(ranges));
  return selection;
}

OptionValue option_value(const TokenSelection& selection) {
  if (selection.names.empty() && (selection.positions.empty() || selection.positions.front() >= 0))
    return selection.positions;
  std::vector<std::string> all;
  for (const std::int64_t position : selection.positions) all.push_back(std::to_string(position));
  all.insert(all.end(), selection.names.begin(), selection.names.end());
  return all;
}

}  // namespace attnviz::run
