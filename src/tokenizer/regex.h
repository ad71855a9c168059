/// A regular expression of the Oniguruma engine, which the reference tokenizers use too.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace attnviz::tokenizer {

/// Compiled once, safe to search from several threads.
class Regex {
 public:
  /// Throws Error(kInput) naming `where` when `pattern` is malformed or too large.
  Regex(std::string_view pattern, std::string where);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  /// Calls `on_match(begin, end)` for the matches in `text` from left to right. An empty match right behind
  /// the last one is skipped. Throws Error(kInput) when the pattern needs an absurd number of steps on this
  /// text.
  void for_each_match(std::string_view text,
                      const std::function<void(std::size_t begin, std::size_t end)>& on_match) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attnviz::tokenizer
