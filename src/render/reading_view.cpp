#include "render/reading_view.h"

#include <algorithm>

#include "render/segments.h"

namespace attnviz::render {
namespace {

constexpr int kBoxHeight = 20;
constexpr int kMassWidth = 42;  ///< "<0.01" and a gap.

/// The part of `line` whose glyphs stand on sources, or the part that does not.
std::shared_ptr<const ShapedText> part_of(const ReadingLine& line, const std::vector<bool>& lit,
                                          bool wanted) {
  auto part = std::make_shared<ShapedText>(*line.shaped);
  part->glyphs.clear();
  std::size_t cluster = 0;
  for (const Glyph& glyph : line.shaped->glyphs) {
    while (cluster + 1 < line.shaped->clusters.size() && line.shaped->clusters[cluster].begin != glyph.begin)
      ++cluster;
    if (lit[cluster] == wanted) part->glyphs.push_back(glyph);
  }
  return part;
}

/// Which clusters of a line lie on a token that is a source.
std::vector<bool> lit_clusters(const ReadingLine& line, const ReadingColors& colors) {
  std::vector<bool> lit;
  std::size_t box = 0;
  for (const Cluster& cluster : line.shaped->clusters) {
    while (box < line.tokens.size() && line.tokens[box].right <= cluster.left) ++box;
    const bool inside = box < line.tokens.size() && line.tokens[box].left < cluster.right;
    lit.push_back(inside && colors.tokens[static_cast<std::size_t>(line.tokens[box].token)].has_value());
  }
  return lit;
}

void draw_line(Pen& pen, const ReadingLine& line, const ReadingColors& colors, int x, int y) {
  for (const TokenBox& token : line.tokens) {
    const auto shade = colors.tokens[static_cast<std::size_t>(token.token)];
    const int left = x + (token.left + 32) / 64;
    const int right = x + (token.right + 32) / 64;
    // A gap between words; within a word a notch, so that the word stays whole for the reader.
    const int gap = right - left > 3 ? 1 : 0;
    const Rect box = {left, y, std::max(1, right - left - gap), kBoxHeight};
    const Rect seam = {right - 1, y, token.ends_word ? 0 : gap, kBoxHeight - 4};
    for (const Rect& part : {box, seam}) {
      if (part.width == 0 || !shade) continue;
      if (shade == color::kHatch) {
        pen.scene.hatch(part);
      } else {
        pen.scene.fill(part, *shade);
      }
    }
    if (colors.query == token.token) {
      pen.scene.frame({box.x - 1, box.y - 1, box.width + 2, box.height + 2}, color::kAccent);
      pen.scene.frame({box.x - 2, box.y - 2, box.width + 4, box.height + 4}, color::kAccent);
    }
  }
}

void draw_words(Pen& pen, const ReadingLine& line, const ReadingColors& colors, int x, int y) {
  const std::vector<bool> lit = lit_clusters(line, colors);
  const int top = y + (kBoxHeight - line_height(kReadingSize)) / 2;
  const bool some = std::find(lit.begin(), lit.end(), true) != lit.end();
  const bool rest = std::find(lit.begin(), lit.end(), false) != lit.end();
  if (some && rest) {
    pen.scene.text(part_of(line, lit, true), x, top, Ink::kText, Role::kReading);
    pen.scene.text(part_of(line, lit, false), x, top, Ink::kDim, Role::kReading);
  } else if (some || rest) {
    pen.scene.text(line.shaped, x, top, some ? Ink::kText : Ink::kDim, Role::kReading);
  }
}

void draw_margin(Pen& pen, const ReadingLayout& layout, const ReadingColors& colors, int y) {
  const int right = kMargin + layout.gutter - 14;
  std::vector<double> shares;
  for (const SegmentMass& mass : colors.masses) shares.push_back(mass.mass);
  const std::vector<std::string> masses = share_texts(shares);
  for (const MarginName& name : layout.names) {
    const int top = y + name.y + (kBoxHeight - line_height(kLabelSize)) / 2;
    const std::string wanted = name.segment == kGluePlace && name.name == kOutsideName ? "" : name.name;
    const auto mass = std::find_if(colors.masses.begin(), colors.masses.end(),
                                   [&](const SegmentMass& candidate) { return candidate.name == wanted; });
    int end = right;
    if (mass != colors.masses.end()) {
      const auto at = static_cast<std::size_t>(mass - colors.masses.begin());
      const auto value = pen.shaper.line(masses[at], kLabelSize);
      pen.scene.text(value, right - value->pixels(), top, Ink::kDim, Role::kMargin);
      end = right - kMassWidth;
    }
    const auto shaped = pen.shaper.line_within(label_text(name.name, 1000), kLabelSize, end - kMargin);
    pen.scene.text(shaped, end - shaped->pixels(), top, Ink::kText, Role::kMargin);
  }
  for (const ReadingLine& line : layout.lines) {
    if (line.segment == kGluePlace && !layout.segmented) continue;
    pen.scene.fill({kMargin + layout.gutter - 9, y + line.y, 4, kReadingPitch}, swatch_of(line.segment));
  }
}

}  // namespace

int draw_reading(Pen& pen, const ReadingLayout& layout, const ReadingColors& colors, int y) {
  for (const ReadingLine& line : layout.lines) draw_line(pen, line, colors, kMargin + line.x, y + line.y);
  for (const ReadingLine& line : layout.lines) draw_words(pen, line, colors, kMargin + line.x, y + line.y);
  if (layout.gutter > 0) draw_margin(pen, layout, colors, y);
  return y + layout.height;
}

}  // namespace attnviz::render
