#include "render/token_page.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "render/segments.h"

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

std::string reduction_caption(std::string_view reduction) {
  if (reduction == "mean") return "mean over heads";
  if (reduction == "max") return "max over heads";
  if (reduction == "min") return "min over heads";
  if (reduction == "rollout") return "rollout from the input up to each layer";
  return std::string(reduction);
}

std::string overall_caption(std::string_view reduction) {
  if (reduction == "mean") return "mean over layers and heads";
  if (reduction == "max") return "largest of all layers and heads";
  if (reduction == "min") return "least of all layers and heads";
  if (reduction == "rollout") return "rollout through all layers";
  return "overall " + std::string(reduction);
}

std::string kind_caption(AttentionKind kind) {
  switch (kind) {
    case AttentionKind::kSelf: return "self-attention";
    case AttentionKind::kEncoder: return "encoder self-attention over the source";
    case AttentionKind::kDecoder: return "decoder self-attention over what was written before";
    case AttentionKind::kCross: return "cross-attention over the source";
  }
  return {};
}

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
    const auto tokens = static_cast<std::int64_t>(view.encoding->tokens.size());
    const std::int64_t columns = (tokens + sources_per_column(tokens) - 1) / sources_per_column(tokens);
    return static_cast<int>(std::max(columns, std::min<std::int64_t>(columns * 48, 1380)));
  }

  /// Position that asked, among the sources of `view`; cross attention asks from another text.
  static std::optional<std::int64_t> query_of(const AttentionView& view, const OutputToken& token) {
    if (view.kind == AttentionKind::kCross) return std::nullopt;
    const auto found = std::find(view.sources.begin(), view.sources.end(), token.query);
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
    const std::vector<int> places = named ? token_places(*view.encoding) : std::vector<int>{};
    for (const std::int64_t source : view.sources) {
      const auto at = static_cast<std::size_t>(source);
      columns.labels.push_back(label_text(view.encoding->tokens[at].text, kLabelGraphemes));
      if (named) columns.segments.push_back(places[at]);
    }
    if (!view.reductions.empty()) columns.attended = view.reductions[0].overall;
    return columns;
  }

  /// The top for `weights`, which has `overall` beside it.
  double top_of(const AttentionView& view, const std::string& name, const Matrix& weights,
                std::span<const float> overall) const {
    if (pen_.options.top.kind == ScaleTop::Kind::kValue) return pen_.options.top.value;
    if (pen_.options.top.kind == ScaleTop::Kind::kRun && top_.of(view.kind, name) > 0)
      return top_.of(view.kind, name);
    const std::vector<std::uint8_t> special = special_sources(view);
    std::vector<std::uint8_t> left_out =
        sink_columns(weights, {}, special, !view.sources.empty() && view.sources[0] == 0);
    for (std::size_t i = 0; i < left_out.size(); ++i) left_out[i] |= special[i];
    const Matrix last = {1, static_cast<std::int64_t>(overall.size()), {overall.begin(), overall.end()}};
    const double top = std::max(largest_weight(weights, {}, left_out),
                                overall.empty() ? 0.0 : largest_weight(last, {}, left_out));
    return top > 0 ? top : largest_weight(weights, {}, {});
  }

  Panel layers_panel(const AttentionView& view, const ReducedAttention& reduced) const {
    Panel panel;
    panel.caption = reduction_caption(reduced.reduction);
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
    panel.scale = Scale(pen_.options.scale, top_of(view, "heads", view.per_head[layer], {}));
    return panel;
  }

  int draw_title() {
    const OutputToken& token = map_.token;
    const auto number = pen_.shaper.line(std::to_string(token.index), kTitleSize);
    const Rect box = pen_.scene.text(number, kMargin, kMargin - 4, Ink::kDim, Role::kTitle);
    const auto name = pen_.shaper.line_within("“" + label_text(token.text, 60) + "”", kTitleSize,
                                              right_ - box.right() - 10);
    pen_.scene.text(name, box.right() + 9, kMargin - 4, Ink::kText, Role::kTitle);
    const auto how = pen_.shaper.line_within(origin(), kLabelSize, right_ - kMargin);
    return pen_.scene.text(how, kMargin, kMargin + 21, Ink::kDim, Role::kNote).bottom() + 16;
  }

  /// How the token came about and what the page shows.
  std::string origin() const {
    const OutputToken& token = map_.token;
    std::string text = token.generated ? "generated" : "position " + std::to_string(token.index);
    if (token.probability) text += " with probability " + weight_text(*token.probability, 3);
    const bool asked_elsewhere = token.query != token.index;
    if (asked_elsewhere) text += " · query at position " + std::to_string(token.query);
    const AttentionView* own = nullptr;
    for (const AttentionView& view : map_.views) {
      if (view.kind != AttentionKind::kCross) own = &view;
    }
    if (asked_elsewhere && own != nullptr && token.query >= 0 &&
        token.query < static_cast<std::int64_t>(own->encoding->tokens.size())) {
      text += " “" +
              label_text(own->encoding->tokens[static_cast<std::size_t>(token.query)].text, kLabelGraphemes) +
              "”";
    }
    std::string reductions;
    for (const ReducedAttention& reduced :
         map_.views.empty() ? std::vector<ReducedAttention>{} : map_.views[0].reductions) {
      reductions += (reductions.empty() ? "" : ", ") + reduced.reduction;
    }
    if (!reductions.empty()) text += " · " + reductions;
    text += " · " + std::string(to_string(pen_.options.scale)) + " scale, ";
    const ScaleTop& top = pen_.options.top;
    text += top.kind == ScaleTop::Kind::kRun   ? "shared by the run"
            : top.kind == ScaleTop::Kind::kMap ? "each map its own"
                                               : "up to " + to_string(top);
    return text;
  }

  int draw_view_title(const AttentionView& view, int y) {
    pen_.scene.fill({kMargin, y, right_ - kMargin, 1}, color::kHair);
    const auto name = pen_.shaper.line(kind_caption(view.kind), kCaptionSize + 1);
    return pen_.scene.text(name, kMargin, y + 12, Ink::kText, Role::kCaption).bottom() + 12;
  }

  int draw_view(const AttentionView& view, const Columns& columns, int y) {
    y = draw_text(view, y);
    for (const ReducedAttention& reduced : view.reductions) {
      y = draw_panel(pen_, with_notes(layers_panel(view, reduced), view, columns), columns, y, right_) + 22;
    }
    for (std::size_t layer = 0; layer < view.per_head.size(); ++layer) {
      y = draw_panel(pen_, heads_panel(view, layer), columns, y, right_) + 22;
    }
    if (!view.reductions.empty() || !view.per_head.empty())
      y = draw_axis(pen_, columns, y - 22 + 1, right_) + 18;
    return view.segments.empty() ? y : draw_masses(view, y) + 18;
  }

  static Panel with_notes(Panel panel, const AttentionView& view, const Columns& columns) {
    if (columns.bin > 1) {
      panel.notes.push_back(std::to_string(columns.bin) +
                            " neighbouring sources share a column, drawn with their largest");
    }
    if (view.removed_mass > 0) {
      panel.notes.push_back("without " + weight_text(view.removed_mass) +
                            " of the attention, dropped as asked");
    }
    return panel;
  }

  int draw_text(const AttentionView& view, int y) {
    const Encoding& encoding = *view.encoding;
    if (view.reductions.empty() ||
        (encoding.text.empty() && encoding.generated.empty() && encoding.pair.empty()))
      return y;
    const ReducedAttention& first = view.reductions[0];
    const std::shared_ptr<const ReadingLayout> layout =
        reading_(view.encoding, std::min(right_ - kMargin, kWidestReading));
    const Scale scale(pen_.options.scale, top_of(view, first.reduction, first.layers, first.overall));
    ReadingColors colors;
    colors.tokens.resize(encoding.tokens.size());
    for (std::size_t i = 0; i < view.sources.size(); ++i) {
      colors.tokens[static_cast<std::size_t>(view.sources[i])] = scale.color(first.overall[i]);
    }
    if (view.kind != AttentionKind::kCross) colors.query = map_.token.query;
    colors.masses = view.segments;
    pen_.scene.text(
        pen_.shaper.line("text, coloured by the " + overall_caption(first.reduction), kCaptionSize), kMargin,
        y, Ink::kText, Role::kCaption);
    if (colors.query) {
      const auto key = pen_.shaper.line("the query", kLabelSize);
      const int end = std::min(right_, kMargin + kWidestReading);
      pen_.scene.text(key, end - key->pixels(), y + 1, Ink::kDim, Role::kNote);
      pen_.scene.frame({end - key->pixels() - 22, y + 2, 14, 12}, color::kAccent);
      pen_.scene.frame({end - key->pixels() - 21, y + 3, 12, 10}, color::kAccent);
    }
    return draw_reading(pen_, *layout, colors, y + 26) + 20;
  }

  int draw_masses(const AttentionView& view, int y) {
    double sum = 0;
    for (const SegmentMass& mass : view.segments)
      sum += std::isfinite(mass.mass) ? std::max(0.0, mass.mass) : 0.0;
    pen_.scene.text(pen_.shaper.line("mean attention on each segment", kCaptionSize), kMargin, y, Ink::kText,
                    Role::kCaption);
    y += 22;
    const int width = right_ - kMargin;
    const int height = 20;
    double before = 0;
    int x = kMargin;
    std::vector<std::pair<Swatch, std::string>> unnamed;  // on the bar, that is
    std::vector<std::string> names;
    std::vector<double> shares;
    for (const SegmentMass& mass : view.segments) {
      names.push_back(mass.name);
      shares.push_back(mass.mass);
    }
    const std::vector<int> places = segment_places(names);
    const std::vector<std::string> texts = share_texts(shares);
    for (std::size_t i = 0; i < view.segments.size(); ++i) {
      const SegmentMass& mass = view.segments[i];
      const Swatch swatch = swatch_of(places[i]);
      before += std::isfinite(mass.mass) ? std::max(0.0, mass.mass) : 0.0;
      const int end = sum > 0 ? kMargin + static_cast<int>(std::lround(before / sum * width)) : kMargin;
      const Rect box = {x, y, end - x, height};
      x = end;
      if (box.width > 0) pen_.scene.fill({box.x, box.y, std::max(1, box.width - 1), box.height}, swatch);
      const std::string name =
          label_text(mass.name.empty() ? "outside of segments" : mass.name, kLabelGraphemes);
      const auto label = pen_.shaper.line(name + "  " + texts[i], kLabelSize);
      if (label->pixels() + 10 <= box.width && swatch.texture == Texture::kPlain) {
        pen_.scene.text(label, box.x + 6, y + (height - line_height(kLabelSize)) / 2, Ink::kText,
                        Role::kSegment);
      } else {
        unnamed.emplace_back(swatch, name + "  " + texts[i]);
      }
    }
    y += height;
    return unnamed.empty() ? y : draw_swatches(pen_, unnamed, kMargin, y + 8, right_);
  }

  Pen& pen_;
  const TokenMap& map_;
  const ColorTop& top_;
  const ReadingLayouts& reading_;
  int right_ = 0;
};

}  // namespace

void check_shapes(const TokenMap& map) {
  for (const AttentionView& view : map.views) {
    if (view.encoding == nullptr)
      throw Error(ErrorKind::kUsage, "a token map whose view has no encoding cannot be drawn");
    const std::size_t sources = view.sources.size();
    if (sources == 0) refuse("sources", 0, 1);
    for (const std::int64_t source : view.sources) {
      const auto tokens = static_cast<std::int64_t>(view.encoding->tokens.size());
      if (source < 0 || source >= tokens) {
        throw Error(ErrorKind::kUsage, "a token map with position " + std::to_string(source) +
                                           " as a source of a text of " + std::to_string(tokens) +
                                           " tokens cannot be drawn");
      }
      const int segment = view.encoding->tokens[static_cast<std::size_t>(source)].segment;
      const auto segments = static_cast<std::int64_t>(view.encoding->segments.size());
      if (segment >= segments) refuse("segments that its tokens name", segments, segment + 1);
    }
    for (const ReducedAttention& reduced : view.reductions) {
      check_matrix("'" + reduced.reduction + "'", reduced.layers, view.layers.size(), sources);
      expect("overall weights of '" + reduced.reduction + "'", reduced.overall.size(), sources);
    }
    if (view.per_head.empty()) continue;
    expect("matrices of heads", view.per_head.size(), view.layers.size());
    for (const Matrix& heads : view.per_head) check_matrix("the heads", heads, view.heads.size(), sources);
  }
}

void draw_token_page(Pen& pen, const TokenMap& map, const ColorTop& top, const ReadingLayouts& reading) {
  TokenPage(pen, map, top, reading).draw();
}

}  // namespace attnviz::render
