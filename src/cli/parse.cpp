#include "cli/parse.h"

#include <algorithm>
#include <charconv>

#include "attnviz/aggregate.h"

namespace attnviz::cli {
namespace {

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t comma = text.find(',', begin);
    parts.push_back(text.substr(begin, comma == std::string_view::npos ? comma : comma - begin));
    if (comma == std::string_view::npos) return parts;
    begin = comma + 1;
  }
}

[[noreturn]] void refuse(std::string_view option, std::string_view part, std::string_view expected) {
  throw Error(ErrorKind::kUsage,
              std::string(option) + ": '" + std::string(part) + "' is not " + std::string(expected));
}

std::int64_t parse_number(std::string_view option, std::string_view part, std::string_view whole,
                          std::string_view expected) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  if (error != std::errc() || end != part.data() + part.size() || number < 0) refuse(option, whole, expected);
  return number;
}

}  // namespace

std::vector<std::int64_t> parse_ids(std::string_view option, std::string_view text) {
  std::vector<std::int64_t> ids;
  for (std::string_view part : split(text)) {
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));  // as Python prints a list
    ids.push_back(parse_number(option, part, part, "a token id; write ids as 1,2,3"));
  }
  return ids;
}

std::vector<AttentionKind> parse_kinds(std::string_view text) {
  std::vector<AttentionKind> kinds;
  for (const std::string_view part : split(text)) {
    const auto found = std::find_if(kAttentionKinds.begin(), kAttentionKinds.end(),
                                    [&](AttentionKind kind) { return to_string(kind) == part; });
    if (found == kAttentionKinds.end())
      refuse("--attention", part, "one of self, cross, encoder and decoder");
    if (std::find(kinds.begin(), kinds.end(), *found) == kinds.end()) kinds.push_back(*found);
  }
  return kinds;
}

std::vector<const ReductionInfo*> parse_reductions(std::string_view text) {
  std::vector<std::string_view> names;
  for (const std::string_view part : split(text)) {
    if (std::find(names.begin(), names.end(), part) == names.end()) names.push_back(part);
  }
  return of_option("--reduce", [&] { return reductions_named(names); });
}

std::string names_of(std::span<const ReductionInfo* const> reductions) {
  std::string names;
  for (const ReductionInfo* info : reductions) names += (names.empty() ? "" : ",") + std::string(info->name);
  return names;
}

std::string names_of(std::span<const ReductionInfo* const> reductions, std::string_view before_last) {
  std::string names;
  for (std::size_t i = 0; i < reductions.size(); ++i) {
    const bool last = i + 1 == reductions.size();
    if (i > 0) names += last ? " " + std::string(before_last) + " " : ", ";
    names += reductions[i]->name;
  }
  return names;
}

}  // namespace attnviz::cli
