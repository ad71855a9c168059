/// One bar for the masses of the segments.
#include <algorithm>
#include <cmath>

#include "render/page_parts.h"
#include "render/segments.h"
#include "render/unicode.h"

namespace attnviz::render {
namespace {

constexpr int kHeight = 20;

double positive(double mass) { return std::isfinite(mass) ? std::max(0.0, mass) : 0.0; }

}  // namespace

int draw_masses(Pen& pen, const AttentionView& view, int y, int right) {
  pen.scene.text(pen.shaper.line("mean attention on each segment", kCaptionSize), kMargin, y, Ink::kText,
                 Role::kCaption);
  y += 22;
  std::vector<std::string> names;
  std::vector<double> shares;
  double sum = 0;
  for (const SegmentMass& mass : view.segments) {
    names.push_back(mass.name);
    shares.push_back(mass.mass);
    sum += positive(mass.mass);
  }
  const std::vector<int> places = segment_places(names);
  const std::vector<std::string> texts = share_texts(shares);
  std::vector<std::pair<Swatch, std::string>> below;  // labels that find no room on the bar
  double before = 0;
  int x = kMargin;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Swatch swatch = swatch_of(places[i]);
    before += positive(shares[i]);
    const int end = sum > 0 ? kMargin + static_cast<int>(std::lround(before / sum * (right - kMargin))) : x;
    const int width = end - x;
    if (width > 0) pen.scene.fill({x, y, std::max(1, width - 1), kHeight}, swatch);
    const std::string text =
        label_text(names[i].empty() ? kOutsideName : names[i], kLabelGraphemes) + "  " + texts[i];
    const auto label = pen.shaper.line(text, kLabelSize);
    if (label->pixels() + 10 <= width && swatch.texture == Texture::kPlain) {
      pen.scene.text(label, x + 6, y + (kHeight - line_height(kLabelSize)) / 2, Ink::kText, Role::kSegment);
    } else {
      below.emplace_back(swatch, text);
    }
    x = end;
  }
  y += kHeight;
  return below.empty() ? y : draw_swatches(pen, below, kMargin, y + 8, right);
}

}  // namespace attnviz::render
