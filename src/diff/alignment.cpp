#include "diff/alignment.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>

namespace attnviz::diff {
namespace {

using Symbols = std::span<const int>;
using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

/// For each prefix of [b, b_end) the length of its longest common subsequence with [a, a_end).
template <class Iterator>
std::vector<std::uint32_t> lengths(Iterator a, Iterator a_end, Iterator b, Iterator b_end) {
  std::vector<std::uint32_t> row(static_cast<std::size_t>(b_end - b) + 1, 0);
  for (; a != a_end; ++a) {
    std::uint32_t diagonal = 0;
    std::size_t column = 1;
    for (Iterator other = b; other != b_end; ++other, ++column) {
      const std::uint32_t above = row[column];
      row[column] = *a == *other ? diagonal + 1 : std::max(above, row[column - 1]);
      diagonal = above;
    }
  }
  return row;
}

/// Where to cut `b` so that its parts go with the halves of `a`, which is cut at `middle`.
std::size_t cut(Symbols a, Symbols b, std::size_t middle) {
  const auto before = lengths(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(middle), b.begin(), b.end());
  const auto after =
      lengths(a.rbegin(), a.rend() - static_cast<std::ptrdiff_t>(middle), b.rbegin(), b.rend());
  std::size_t best = 0;
  for (std::size_t at = 1; at <= b.size(); ++at) {
    if (before[at] + after[b.size() - at] > before[best] + after[b.size() - best]) best = at;
  }
  return best;
}

/// Appends the pairs of `a` and `b`, which begin at `at_a` and `at_b` of the whole.
void align_within(Symbols a, Symbols b, std::size_t at_a, std::size_t at_b, Pairs& pairs) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    pairs.emplace_back(at_a++, at_b++);
    a = a.subspan(1);
    b = b.subspan(1);
  }
  std::size_t tail = 0;
  while (tail < a.size() && tail < b.size() && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const Symbols inner_a = a.first(a.size() - tail), inner_b = b.first(b.size() - tail);
  if (inner_a.size() == 1) {
    const auto found = std::find(inner_b.begin(), inner_b.end(), inner_a.front());
    if (found != inner_b.end())
      pairs.emplace_back(at_a, at_b + static_cast<std::size_t>(found - inner_b.begin()));
  } else if (!inner_a.empty() && !inner_b.empty()) {
    const std::size_t middle = inner_a.size() / 2, at = cut(inner_a, inner_b, middle);
    align_within(inner_a.first(middle), inner_b.first(at), at_a, at_b, pairs);
    align_within(inner_a.subspan(middle), inner_b.subspan(at), at_a + middle, at_b + at, pairs);
  }
  for (std::size_t i = 0; i < tail; ++i)
    pairs.emplace_back(at_a + inner_a.size() + i, at_b + inner_b.size() + i);
}

}  // namespace

Pairs align(std::span<const std::string> a, std::span<const std::string> b) {
  std::map<std::string_view, int> symbols;
  const auto symbols_of = [&symbols](std::span<const std::string> texts) {
    std::vector<int> out;
    for (const std::string& text : texts)
      out.push_back(symbols.try_emplace(text, static_cast<int>(symbols.size())).first->second);
    return out;
  };
  const std::vector<int> symbols_a = symbols_of(a), symbols_b = symbols_of(b);
  Pairs pairs;
  align_within(Symbols(symbols_a), Symbols(symbols_b), 0, 0, pairs);
  return pairs;
}

}  // namespace attnviz::diff
