/// Whether the parts of a token map agree.
#include <string>

#include "render/token_page.h"

namespace attnviz::render {
namespace {

[[noreturn]] void refuse(const std::string& what, std::int64_t found, std::int64_t expected) {
  throw Error(ErrorKind::kUsage, "a token map with " + std::to_string(found) + " " + what + " where " +
                                     std::to_string(expected) + " were expected cannot be drawn");
}

void expect(const std::string& what, std::size_t found, std::size_t expected) {
  if (found != expected) refuse(what, static_cast<std::int64_t>(found), static_cast<std::int64_t>(expected));
}

void check_matrix(const std::string& what, const Matrix& matrix, std::size_t rows, std::size_t columns) {
  expect("rows of " + what, static_cast<std::size_t>(matrix.rows), rows);
  expect("columns of " + what, static_cast<std::size_t>(matrix.columns), columns);
  expect("weights of " + what, matrix.values.size(), rows * columns);
}

}  // namespace

void check_shapes(const TokenMap& map) {
  for (const AttentionView& view : map.views) {
    if (view.sequence == nullptr)
      throw Error(ErrorKind::kUsage, "a token map whose view has no sequence cannot be drawn");
    const std::size_t sources = view.sources.size();
    if (!view.sequence->merged.empty())
      expect("ranges of merged tokens", view.sequence->merged.size(), view.sequence->units.size());
    if (sources == 0) refuse("sources", 0, 1);
    for (const std::int64_t source : view.sources) {
      const auto tokens = static_cast<std::int64_t>(view.sequence->units.size());
      if (source < 0 || source >= tokens) {
        throw Error(ErrorKind::kUsage, "a token map with position " + std::to_string(source) +
                                           " as a source of a text of " + std::to_string(tokens) +
                                           " tokens cannot be drawn");
      }
      const int segment = view.sequence->units[static_cast<std::size_t>(source)].segment;
      const auto segments = static_cast<std::int64_t>(view.sequence->segments.size());
      if (segment >= segments) refuse("segments that its tokens name", segments, segment + 1);
    }
    for (const ReducedAttention& reduced : view.reductions) {
      const std::string name = "'" + std::string(reduced.reduction->name) + "'";
      check_matrix(name, reduced.layers, view.layers.size(), sources);
      expect("overall weights of " + name, reduced.overall.size(), sources);
    }
    if (view.per_head.empty()) continue;
    expect("matrices of heads", view.per_head.size(), view.layers.size());
    for (const Matrix& heads : view.per_head) check_matrix("the heads", heads, view.heads.size(), sources);
  }
}

}  // namespace attnviz::render
