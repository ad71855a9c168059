#include "render/token_page.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "render/captions.h"
#include "render/segments.h"

namespace attnviz::render {
namespace {

std::vector<std::string> numbered(const std::vector<int>& numbers) {
  std::vector<std::string> labels;
  labels.reserve(numbers.size());
  for (const int number : numbers) labels.push_back(std::to_string(number));
  return labels;
}

/// The whole page of one token.
class TokenPage {
 public:
  TokenPage(Pen& pen, const TokenMap& map, const ColorTop& top, const ReadingLayouts& reading)
      : pen_(pen), map_(map), top_(top), reading_(reading) {}

  void draw() {
    std::vector<Columns> columns;
    right_ = kMargin + kNarrowest;
    int gutter = 0;
    for (const AttentionView& view : map_.views) gutter = std::max(gutter, row_gutter(view));
    for (const AttentionView& view : map_.views) {
      columns.push_back(columns_of(view, kMargin + gutter));
      right_ = std::max(right_, kMargin + gutter + widest_grid(view) + 1);
    }
    pen_.scene.fill({right_ - 1, 0, 1, 1}, color::kPaper);  // all pages of a text have one width
    int y = draw_title();
    for (std::size_t i = 0; i < map_.views.size(); ++i) {
      if (map_.views.size() > 1) y = draw_view_title(map_.views[i], y);
      y = draw_view(map_.views[i], columns[i], y);
    }
  }

 private:
  int row_gutter(const AttentionView& view) {
    int gutter = 0;
    for (const ReducedAttention& reduced : view.reductions) {
      gutter = std::max(gutter, row_label_width(pen_, layers_panel(view, reduced)));
    }
    for (std::size_t i = 0; i < view.per_head.size(); ++i) {
      gutter = std::max(gutter, row_label_width(pen_, heads_panel(view, i)));
    }
    return gutter;
  }

  /// Width that no output token of the text exceeds, so that all of them get pages of one width.
  static int widest_grid(const AttentionView& view) {
    const auto tokens = static_cast<std::int64_t>(view.sequence->units.size());
    const std::int64_t columns = (tokens + sources_per_column(tokens) - 1) / sources_per_column(tokens);
    return static_cast<int>(std::max(columns, std::min<std::int64_t>(columns * 48, 1380)));
  }

  /// Position that asked, among the sources of `view`; cross attention asks from another text.
  static std::optional<std::int64_t> query_of(const AttentionView& view, const OutputToken& token) {
    if (!axes_of(view.kind).within_one()) return std::nullopt;
    const auto asked = token_at(*view.sequence, token.query);
    const auto found = std::find(view.sources.begin(), view.sources.end(), asked.value_or(-1));
    if (found == view.sources.end()) return std::nullopt;
    return found - view.sources.begin();
  }

  Columns columns_of(const AttentionView& view, int left) const {
    Columns columns;
    columns.left = left;
    columns.sources = static_cast<std::int64_t>(view.sources.size());
    columns.bin = sources_per_column(columns.sources);
    columns.cell_width = cell_size(columns.count(), 1, false).width;
    columns.special = special_sources(view);
    columns.from_start = !view.sources.empty() && view.sources[0] == 0;
    columns.query = query_of(view, map_.token);
    const bool named = !view.segments.empty();
    const std::vector<int> places = named ? token_places(*view.sequence) : std::vector<int>{};
    for (const std::int64_t source : view.sources) {
      const auto at = static_cast<std::size_t>(source);
      columns.positions.push_back(view.sequence->position_of(source));
      columns.labels.push_back(label_text(view.sequence->units[at].label, kLabelGraphemes));
      if (named) columns.segments.push_back(places[at]);
    }
    if (!view.sequence->merged.empty()) columns.unit = "words";
    if (!view.reductions.empty()) columns.attended = view.reductions[0].overall;
    return columns;
  }

  /// The top for `weights` of `reduction`, null for those of single heads, which has `overall` beside it.
  double top_of(const AttentionView& view, const ReductionInfo* reduction, const Matrix& weights,
                std::span<const float> overall) const {
    if (pen_.options.top.kind == ScaleTop::Kind::kValue) return pen_.options.top.value;
    const double of_run = top_.of(view.kind, reduction);
    if (pen_.options.top.kind == ScaleTop::Kind::kRun && of_run > 0) return whole_top(of_run);
    const std::vector<std::uint8_t> special = special_sources(view);
    std::vector<std::uint8_t> left_out =
        sink_columns(weights, {}, special, !view.sources.empty() && view.sources[0] == 0);
    for (std::size_t i = 0; i < left_out.size(); ++i) left_out[i] |= special[i];
    const Matrix last = {1, static_cast<std::int64_t>(overall.size()), {overall.begin(), overall.end()}};
    const double top = std::max(largest_weight(weights, {}, left_out),
                                overall.empty() ? 0.0 : largest_weight(last, {}, left_out));
    return whole_top(top > 0 ? top : largest_weight(weights, {}, {}));
  }

  Panel layers_panel(const AttentionView& view, const ReducedAttention& reduced) const {
    Panel panel;
    panel.caption = reduction_caption(view, *reduced.reduction);
    panel.row_axis = "layer";
    panel.weights = view_of(reduced.layers);
    panel.row_labels = numbered(view.layers);
    panel.cell_height =
        cell_size(static_cast<std::int64_t>(view.sources.size()), reduced.layers.rows, false).height;
    panel.overall = reduced.overall;
    panel.scale = Scale(pen_.options.scale, top_of(view, reduced.reduction, reduced.layers, reduced.overall));
    return panel;
  }

  Panel heads_panel(const AttentionView& view, std::size_t layer) const {
    Panel panel;
    panel.caption = "heads of layer " + std::to_string(view.layers[layer]);
    panel.row_axis = "head";
    panel.weights = view_of(view.per_head[layer]);
    panel.row_labels = numbered(view.heads);
    panel.cell_height =
        cell_size(static_cast<std::int64_t>(view.sources.size()), panel.weights.rows, false).height;
    panel.scale = Scale(pen_.options.scale, top_of(view, nullptr, view.per_head[layer], {}));
    return panel;
  }

  int draw_title() {
    const OutputToken& token = map_.token;
    const auto number = pen_.shaper.line(std::to_string(token.index), kTitleSize);
    const Rect box = pen_.scene.text(number, kMargin, kMargin - 4, Ink::kDim, Role::kTitle);
    const auto name = pen_.shaper.line_within("“" + label_text(token.text, 60) + "”", kTitleSize,
                                              right_ - box.right() - 10);
    pen_.scene.text(name, box.right() + 9, kMargin - 4, Ink::kText, Role::kTitle);
    return draw_note(pen_, origin_caption(map_, pen_.options), kMargin, kMargin + 21, right_ - kMargin) + 15;
  }

  int draw_view_title(const AttentionView& view, int y) {
    pen_.scene.fill({kMargin, y, right_ - kMargin, 1}, color::kHair);
    const auto name = pen_.shaper.line(kind_caption(view.kind), kCaptionSize + 1);
    return pen_.scene.text(name, kMargin, y + 12, Ink::kText, Role::kCaption).bottom() + 12;
  }

  int draw_view(const AttentionView& view, const Columns& columns, int y) {
    y = draw_removed(view, y);
    y = draw_text_block(pen_, view, map_.token, columns, reading_, y, right_);
    for (const ReducedAttention& reduced : view.reductions) {
      y = draw_panel(pen_, with_notes(layers_panel(view, reduced), columns), columns, y, right_) + 22;
    }
    for (std::size_t layer = 0; layer < view.per_head.size(); ++layer) {
      y = draw_panel(pen_, heads_panel(view, layer), columns, y, right_) + 22;
    }
    if (!view.reductions.empty() || !view.per_head.empty())
      y = draw_axis(pen_, columns, y - 22 + 1, right_) + 18;
    return view.segments.empty() ? y : draw_masses(pen_, view, y, right_) + 18;
  }

  int draw_removed(const AttentionView& view, int y) {
    const std::string text = removed_caption(view);
    if (text.empty()) return y;
    pen_.scene.fill({kMargin, y + 1, 11, 11}, color::kMasked);
    return draw_note(pen_, text, kMargin + 18, y, right_ - kMargin - 18, Ink::kText) + 13;
  }

  static Panel with_notes(Panel panel, const Columns& columns) {
    if (columns.bin > 1) {
      panel.notes.push_back(std::to_string(columns.bin) + " neighbouring " + columns.unit +
                            " share a column, drawn with their largest");
    }
    return panel;
  }

  Pen& pen_;
  const TokenMap& map_;
  const ColorTop& top_;
  const ReadingLayouts& reading_;
  int right_ = 0;
};

}  // namespace

void draw_token_page(Pen& pen, const TokenMap& map, const ColorTop& top, const ReadingLayouts& reading) {
  TokenPage(pen, map, top, reading).draw();
}

}  // namespace attnviz::render
