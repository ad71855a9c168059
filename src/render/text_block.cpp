/// The text of a view on its weights, with what its colours mean.
#include <algorithm>
#include <string>

#include "render/captions.h"
#include "render/page_parts.h"

namespace attnviz::render {
namespace {

/// The largest of `overall` outside of sinks and special tokens, or of all where only those have any.
double own_top(const ReducedAttention& reduced, const Columns& columns, std::vector<std::uint8_t> sinks) {
  for (std::size_t i = 0; i < sinks.size(); ++i) sinks[i] |= columns.special[i];
  const Matrix overall = {1, columns.sources, reduced.overall};
  const double outside = largest_weight(overall, {}, sinks);
  return whole_top(outside > 0 ? outside : largest_weight(overall, {}, {}));
}

/// Colours of all tokens: those of the sources, and grey where one was dropped from among them.
std::vector<std::optional<std::uint8_t>> token_colors(const AttentionView& view,
                                                      const std::vector<std::uint8_t>& sources) {
  std::vector<std::optional<std::uint8_t>> colors(view.sequence->units.size());
  const std::int64_t last = *std::max_element(view.sources.begin(), view.sources.end());
  const bool all = !view.removed.empty() && !axes_of(view.kind).within_one();
  std::fill_n(colors.begin(), all ? static_cast<std::int64_t>(colors.size()) : last + 1, color::kMasked);
  for (std::size_t i = 0; i < sources.size(); ++i)
    colors[static_cast<std::size_t>(view.sources[i])] = sources[i];
  return colors;
}

std::string scale_note(const AttentionView& view, bool own, bool has_special) {
  std::string note;
  if (own) note = "own scale, up to the largest weight outside of sinks";
  if (own && has_special) note += " and special tokens";
  if (view.segments.empty()) return note;
  return note + (own ? " · " : "") + "figures: mean attention on each segment";
}

/// What the frame means, left of `right`; returns where it begins.
int draw_query_key(Pen& pen, int y, int right) {
  const auto key = pen.shaper.line("the query", kLabelSize);
  const int left = right - key->pixels();
  pen.scene.text(key, left, y + 1, Ink::kDim, Role::kNote);
  pen.scene.frame({left - 22, y + 2, 14, 12}, color::kAccent);
  pen.scene.frame({left - 21, y + 3, 12, 10}, color::kAccent);
  return left - 22;
}

}  // namespace

int draw_text_block(Pen& pen, const AttentionView& view, const OutputToken& token, const Columns& columns,
                    const ReadingLayouts& reading, int y, int right) {
  const Sequence& sequence = *view.sequence;
  const bool text = !sequence.text.empty() || !sequence.generated.empty() || !sequence.pair.empty();
  if (view.reductions.empty() || !text) return y;
  const ReducedAttention& first = view.reductions[0];
  right = std::min(right, kMargin + kWidestReading);
  const auto sinks = sink_columns(first.layers, {}, columns.special, columns.from_start);
  const bool own = pen.options.top.kind != ScaleTop::Kind::kValue;
  const Scale scale(pen.options.scale, own ? own_top(first, columns, sinks) : pen.options.top.value);
  Clipped clipped;
  const Grid cells = color_cells({first.overall, {}, 1, columns.sources}, 1, 1, scale, clipped);
  ReadingColors colors;
  colors.tokens = token_colors(view, cells.colors);
  if (axes_of(view.kind).within_one()) colors.query = token_at(sequence, token.query);
  colors.masses = view.segments;

  int room = draw_color_bar(pen, scale, clipped.any(), y + 3, right) - 24;
  if (colors.query) room = draw_query_key(pen, y, room) - 16;
  pen.scene.text(pen.shaper.line_within("text: " + overall_caption(view, *first.reduction), kCaptionSize,
                                        room - kMargin),
                 kMargin, y, Ink::kText, Role::kCaption);
  const bool has_special =
      std::find(columns.special.begin(), columns.special.end(), 1) != columns.special.end();
  std::string note = scale_note(view, own, has_special);
  if (clipped.any()) note += (note.empty() ? "" : " · ") + clipped_note(columns, scale, clipped, sinks);
  y = std::max(y + 42, draw_note(pen, note, kMargin, y + 18, room - kMargin) + 8);
  return draw_reading(pen, *reading(view.sequence, right - kMargin), colors, y) + 20;
}

}  // namespace attnviz::render
