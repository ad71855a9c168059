#include "render/overview.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "render/unicode.h"

namespace attnviz::render {
namespace {

constexpr int kSide = kThumbnailSide;
constexpr int kPitchX = kSide + 20;
constexpr int kLine = 13;  ///< Of a caption.
constexpr int kCaptionColumn = 50;
constexpr int kBetweenParts = 48;

/// What a caption says, in its order.
enum class Statistic : std::size_t { kEntropy, kSink, kPrevious, kSelf, kInduction, kDuplicate };
constexpr std::array<const char*, 6> kNames = {"ent", "sink", "prev", "self", "ind", "dup"};

std::optional<double> value_of(const HeadSummary& head, std::size_t statistic) {
  const bool crosses = head.kind == AttentionKind::kCross;
  switch (static_cast<Statistic>(statistic)) {
    case Statistic::kEntropy: return head.entropy;
    case Statistic::kSink: return head.sink;
    case Statistic::kPrevious: return crosses ? std::nullopt : std::optional(head.previous);
    case Statistic::kSelf: return crosses ? std::nullopt : std::optional(head.self);
    case Statistic::kInduction: return head.induction;
    case Statistic::kDuplicate: return head.duplicate;
  }
  return std::nullopt;
}

/// A share as ".12", an entropy as "2.31".
std::string value_text(double value, bool share) {
  if (!std::isfinite(value)) return weight_text(value);
  const auto hundredths = std::lround(std::abs(value) * 100);
  const std::string part = std::to_string(hundredths % 100);
  const std::string whole = hundredths >= 100 || !share ? std::to_string(hundredths / 100) : "";
  return whole + "." + std::string(2 - part.size(), '0') + part;
}

/// The table of one kind of attention.
class HeadTable {
 public:
  HeadTable(Pen& pen, std::span<const HeadSummary> heads, const ColorTop& top)
      : pen_(pen), heads_(heads), scale_(pen.options.scale, top_of(top)), causal_(looks_back_only()) {
    for (const HeadSummary& head : heads) {
      layers_.insert(head.layer);
      columns_.insert(head.head);
      places_[{head.layer, head.head}] = &head;
      lines_ = std::max(lines_, head.induction || head.duplicate ? 3 : 2);
      const auto rows = static_cast<int>(head.thumbnail.rows);
      height_ = std::max(height_, rows * std::max(1, kSide / rows));
    }
    find_telling();
  }

  Rect draw(int left, int y) {
    const int cells = left + 52;
    const int count = static_cast<int>(columns_.size());
    const int right = cells + (count + 1) * kPitchX;
    const int pitch = height_ + 4 + lines_ * kLine + 12;
    y = draw_head(left, y, right);
    int x = cells;
    for (const int head : columns_) {
      title("head " + std::to_string(head), x, y);
      x += kPitchX;
    }
    title("mean of heads", x, y);
    y += 18;
    for (const int layer : layers_) {
      row_title("layer " + std::to_string(layer), left, y);
      x = cells;
      for (const int head : columns_) {
        const auto found = places_.find({layer, head});
        if (found != places_.end()) draw_cell(*found->second, x, y);
        x += kPitchX;
      }
      draw_mean(x, y, [&](const HeadSummary& head) { return head.layer == layer; });
      y += pitch;
    }
    row_title("mean", left, y);
    x = cells;
    for (const int head : columns_) {
      draw_mean(x, y, [&](const HeadSummary& candidate) { return candidate.head == head; });
      x += kPitchX;
    }
    return {left, 0, std::max(right - left, kNarrowest), y + height_};
  }

 private:
  double top_of(const ColorTop& top) const {
    if (pen_.options.top.kind == ScaleTop::Kind::kValue) return pen_.options.top.value;
    const AttentionKind kind = heads_[0].kind;
    if (pen_.options.top.kind == ScaleTop::Kind::kRun && top.of(kind, "heads") > 0)
      return top.of(kind, "heads");
    double outside = 0;
    double anywhere = 0;
    for (const HeadSummary& head : heads_) {
      outside =
          std::max(outside, largest_weight(head.thumbnail, {}, sink_columns(head.thumbnail, {}, {}, true)));
      anywhere = std::max(anywhere, largest_weight(head.thumbnail, {}, {}));
    }
    return outside > 0 ? outside : anywhere;
  }

  /// Whether no query of these heads sees a later key: what lies there is then not "0" but hidden.
  bool looks_back_only() const {
    return std::all_of(heads_.begin(), heads_.end(), [](const HeadSummary& head) {
      const Matrix& weights = head.thumbnail;
      if (weights.rows != weights.columns || weights.rows < 2 || head.kind == AttentionKind::kCross)
        return false;
      for (std::int64_t row = 0; row < weights.rows; ++row) {
        for (std::int64_t column = row + 1; column < weights.columns; ++column) {
          if (weights.at(row, column) != 0.0F) return false;
        }
      }
      return true;
    });
  }

  /// The head with the least entropy, and for each share the head with the most of it, where it is a tenth at
  /// least.
  void find_telling() {
    constexpr double kWorthTelling = 0.1;
    for (std::size_t statistic = 0; statistic < kNames.size(); ++statistic) {
      const bool entropy = statistic == 0;
      if (statistic == static_cast<std::size_t>(Statistic::kSink))
        continue;  // a sink tells of no head in particular
      const HeadSummary* best = nullptr;
      double best_value = 0;
      for (const HeadSummary& head : heads_) {
        const std::optional<double> value = value_of(head, statistic);
        if (!value || !std::isfinite(*value)) continue;
        if (best == nullptr || (entropy ? *value < best_value : *value > best_value)) {
          best = &head;
          best_value = *value;
        }
      }
      if (best != nullptr && heads_.size() > 1 && (entropy || best_value >= kWorthTelling)) {
        telling_.insert({best, statistic});
      }
    }
  }

  int draw_head(int left, int y, int right) {
    const bool over = std::any_of(heads_.begin(), heads_.end(), [&](const HeadSummary& head) {
      return largest_weight(head.thumbnail, {}, {}) > scale_.top() * (1 + 1e-6);
    });
    const int bar = draw_color_bar(pen_, scale_, over, y + 3, std::max(right, left + kNarrowest));
    const std::string kind(to_string(heads_[0].kind));
    const std::string caption = kind + " attention of every head: queries × sources";
    pen_.scene.text(pen_.shaper.line_within(caption, kCaptionSize, bar - 16 - left), left, y, Ink::kText,
                    Role::kCaption);
    std::string legend = "ent: entropy in bits · weight on sink: the first token";
    if (heads_[0].kind != AttentionKind::kCross) legend += ", prev: the one before, self: its own";
    std::string more = lines_ > 2 ? "ind: what followed an equal token, dup: an equal token · " : "";
    more += "framed: extremes · max-pooled";
    if (over) more += " · clipped above " + weight_text(scale_.top());
    y += 20;
    for (const std::string& text : {legend, more}) {
      y += 15;
      const int room = std::max(right, left + kNarrowest) - left;
      pen_.scene.text(pen_.shaper.line_within(text, kLabelSize, room), left, y, Ink::kDim, Role::kNote);
    }
    return y + 26;
  }

  void title(const std::string& text, int x, int y) {
    pen_.scene.text(pen_.shaper.line_within(text, kLabelSize, kPitchX - 6), x, y, Ink::kDim, Role::kColumn);
  }

  void row_title(const std::string& text, int x, int y) {
    const auto shaped = pen_.shaper.line(text, kLabelSize);
    pen_.scene.text(shaped, x, y + (height_ - line_height(kLabelSize)) / 2, Ink::kDim, Role::kRow);
  }

  /// Cells of whole pixels that fill the square as far as they go.
  void draw_weights(const Matrix& weights, int x, int y, bool framed) {
    if (weights.rows < 1 || weights.columns < 1) return;
    std::vector<std::uint8_t> masked;
    if (causal_) {
      masked.assign(weights.values.size(), 0);
      for (std::int64_t row = 0; row < weights.rows; ++row) {
        std::fill(masked.begin() + row * weights.columns + row + 1,
                  masked.begin() + (row + 1) * weights.columns, std::uint8_t{1});
      }
    }
    Clipped clipped;
    Grid grid = color_cells(view_of(weights, masked), 1, 1, scale_, clipped);
    grid.x = x;
    grid.y = y;
    grid.cell_width = std::max(1, kSide / grid.columns);
    grid.cell_height = std::max(1, kSide / grid.rows);
    const Rect box = grid.box();
    pen_.scene.grid(std::move(grid));
    pen_.scene.frame({box.x - 1, box.y - 1, box.width + 2, box.height + 2},
                     framed ? color::kAccent : color::kHair);
    if (framed) pen_.scene.frame({box.x - 2, box.y - 2, box.width + 4, box.height + 4}, color::kAccent);
  }

  void draw_cell(const HeadSummary& head, int x, int y) {
    bool framed = false;
    int item = 0;
    for (std::size_t statistic = 0; statistic < kNames.size(); ++statistic) {
      const std::optional<double> value = value_of(head, statistic);
      if (!value) continue;
      const bool tells = telling_.count({&head, statistic}) != 0;
      framed = framed || tells;
      const int left = x + (item % 2) * kCaptionColumn;
      const int top = y + height_ + 4 + (item / 2) * kLine;
      const auto name = pen_.shaper.line(kNames[statistic], kCellTextSize);
      pen_.scene.text(name, left, top, tells ? Ink::kAccent : Ink::kDim, Role::kCell);
      const auto text = pen_.shaper.line(value_text(*value, statistic != 0), kCellTextSize);
      pen_.scene.text(text, left + kCaptionColumn - 6 - text->pixels(), top,
                      tells ? Ink::kAccent : Ink::kText, Role::kCell);
      ++item;
    }
    draw_weights(head.thumbnail, x, y, framed);
  }

  /// The mean of the thumbnails that `wanted` names, where they have one shape.
  template <typename Wanted>
  void draw_mean(int x, int y, const Wanted& wanted) {
    Matrix mean;
    std::vector<double> sum;
    int count = 0;
    for (const HeadSummary& head : heads_) {
      if (!wanted(head)) continue;
      const Matrix& weights = head.thumbnail;
      if (count == 0) {
        mean = {weights.rows, weights.columns, {}};
        sum.assign(weights.values.size(), 0);
      }
      if (weights.rows != mean.rows || weights.columns != mean.columns) return;
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weights.values[i];
      ++count;
    }
    for (const double total : sum) mean.values.push_back(static_cast<float>(total / count));
    draw_weights(mean, x, y, false);
  }

  Pen& pen_;
  std::span<const HeadSummary> heads_;
  Scale scale_;
  bool causal_;
  std::set<int> layers_;
  std::set<int> columns_;
  std::map<std::pair<int, int>, const HeadSummary*> places_;
  std::set<std::pair<const HeadSummary*, std::size_t>> telling_;
  int lines_ = 2;
  int height_ = line_height(kLabelSize);  ///< Of the tallest thumbnail.
};

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

Rect draw_heads(Pen& pen, std::span<const HeadSummary> heads, const ColorTop& top, int left, int y) {
  const Rect box = HeadTable(pen, heads, top).draw(left, y);
  return {left, y, box.width, box.height - y};
}

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
