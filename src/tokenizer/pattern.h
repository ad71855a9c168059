/// What a Split or a Replace looks for: an exact text or a regular expression.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/regex.h"

namespace attnviz::tokenizer {

namespace json {
class Fields;
}

/// A part of a text that is a match or lies between two.
struct Match {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool is_match = false;
};

class Pattern {
 public:
  static Pattern literal(std::string text);
  static Pattern regex(std::string_view expression, std::string where);
  /// Reads {"String": …} or {"Regex": …} from member `name`.
  static Pattern read(const json::Fields& fields, std::string_view name);

  /// Calls `on_match(begin, end)` for each match, left to right.
  void for_each_match(std::string_view text,
                      const std::function<void(std::size_t begin, std::size_t end)>& on_match) const;
  /// The whole of `text` in matches and what lies between them.
  void cut(std::string_view text, std::vector<Match>& out) const;

 private:
  std::string literal_;
  std::optional<Regex> regex_;
};

/// Where the matches of a Split go. The reference's names.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// Turns matches into the parts that stay, in place.
void apply_behavior(SplitBehavior behavior, std::vector<Match>& matches);

}  // namespace attnviz::tokenizer
