#include "render/overview.h"

#include <algorithm>
#include <map>
#include <string>

#include "render/unicode.h"

namespace attnviz::render {
namespace {

constexpr int kSide = kThumbnailSide;
constexpr int kBetweenParts = 48;

void check(std::span<const HeadSummary> heads, std::span<const Heatmap> summaries) {
  if (heads.empty() && summaries.empty()) {
    throw Error(ErrorKind::kUsage,
                "an overview without heads and without summaries cannot be drawn; give it one of them");
  }
  for (const HeadSummary& head : heads) {
    const Matrix& weights = head.thumbnail;
    const bool fits = weights.rows >= 1 && weights.columns >= 1 && weights.rows <= kSide &&
                      weights.columns <= kSide &&
                      static_cast<std::int64_t>(weights.values.size()) == weights.rows * weights.columns;
    if (fits) continue;
    throw Error(ErrorKind::kUsage,
                "the thumbnail of layer " + std::to_string(head.layer) + ", head " +
                    std::to_string(head.head) + " is " + std::to_string(weights.rows) + " × " +
                    std::to_string(weights.columns) + " with " + std::to_string(weights.values.size()) +
                    " weights; pool it to at most " + std::to_string(kSide) + " × " + std::to_string(kSide));
  }
}

}  // namespace

void draw_overview(Pen& pen, std::string_view title, std::span<const HeadSummary> heads,
                   std::span<const Heatmap> summaries, const ColorTop& top) {
  check(heads, summaries);
  const auto shaped = pen.shaper.line(label_text(title, 120), kTitleSize);
  const int start = pen.scene.text(shaped, kMargin, kMargin - 4, Ink::kText, Role::kTitle).bottom() + 18;
  std::map<AttentionKind, std::vector<HeadSummary>> kinds;
  for (const HeadSummary& head : heads) kinds[head.kind].push_back(head);
  int y = start;
  int right = kMargin;
  for (const auto& [kind, of_kind] : kinds) {
    const Rect box = draw_heads(pen, of_kind, top, kMargin, y);
    y = box.bottom() + kBetweenParts;
    right = std::max(right, box.right() + kBetweenParts);
  }
  y = start;
  for (const Heatmap& summary : summaries)
    y = draw_heatmap(pen, summary, top, right, y).bottom() + kBetweenParts;
}

}  // namespace attnviz::render
