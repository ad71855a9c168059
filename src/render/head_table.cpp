/// The heads of a kind as a table of thumbnails.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "render/overview.h"

namespace attnviz::render {
namespace {

constexpr int kGap = 20;  ///< Between thumbnails.
constexpr int kRowTitle = 52;
constexpr int kLine = 13;  ///< Of a caption.
constexpr int kCaptionColumn = 50;
constexpr int kWidest = 1200;  ///< Thumbnails of a few heads grow up to here …
constexpr int kTallest = 1300;
constexpr int kMostTimes = 3;  ///< … and by no more than this.

/// What a caption says, in its order.
enum class Statistic : std::size_t { kEntropy, kSink, kPrevious, kSelf, kInduction, kDuplicate };
constexpr std::array<const char*, 6> kNames = {"ent", "sink", "prev", "self", "ind", "dup"};

std::optional<double> value_of(const HeadSummary& head, std::size_t statistic) {
  const bool crosses = !axes_of(head.kind).within_one();
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
      : pen_(pen), heads_(heads), scale_(pen.options.scale, whole_top(top_of(top))) {
    for (const HeadSummary& head : heads) {
      layers_.insert(head.layer);
      columns_.insert(head.head);
      places_[{head.layer, head.head}] = &head;
      repeats_ = repeats_ || head.induction || head.duplicate;
    }
    find_hidden();
    for (int times = kMostTimes; times >= 1; --times) {
      lay_out(times);
      if (times == 1 || (width() <= kWidest && static_cast<int>(layers_.size() + 1) * pitch_y() <= kTallest))
        break;
    }
    find_telling();
  }

  Rect draw(int left, int y) {
    const int cells = left + kRowTitle;
    const int right = left + width();
    y = draw_head(left, y, right);
    int x = cells;
    for (const int head : columns_) {
      title("head " + std::to_string(head), x, y);
      x += pitch_x();
    }
    title("mean of heads", x, y);
    y += 18;
    for (const int layer : layers_) {
      row_title("layer " + std::to_string(layer), left, y);
      x = cells;
      for (const int head : columns_) {
        const auto found = places_.find({layer, head});
        if (found != places_.end()) draw_cell(*found->second, x, y);
        x += pitch_x();
      }
      draw_mean(x, y, [&](const HeadSummary& head) { return head.layer == layer; });
      y += pitch_y();
    }
    row_title("mean", left, y);
    x = cells;
    for (const int head : columns_) {
      draw_mean(x, y, [&](const HeadSummary& candidate) { return candidate.head == head; });
      x += pitch_x();
    }
    return {left, 0, std::max(right - left, kNarrowest), y + height_};
  }

 private:
  bool within_one() const noexcept { return axes_of(heads_[0].kind).within_one(); }

  double top_of(const ColorTop& top) const {
    if (pen_.options.top.kind == ScaleTop::Kind::kValue) return pen_.options.top.value;
    const double of_run = top.of(heads_[0].kind, nullptr);
    if (pen_.options.top.kind == ScaleTop::Kind::kRun && of_run > 0) return of_run;
    double outside = 0;
    double anywhere = 0;
    for (const HeadSummary& head : heads_) {
      outside =
          std::max(outside, largest_weight(head.thumbnail, {}, sink_columns(head.thumbnail, {}, {}, true)));
      anywhere = std::max(anywhere, largest_weight(head.thumbnail, {}, {}));
    }
    return outside > 0 ? outside : anywhere;
  }

  /// Sizes with thumbnails in squares of `times` kThumbnailSide.
  void lay_out(int times) {
    side_ = times * kThumbnailSide;
    items_a_line_ = (side_ + kGap) / kCaptionColumn;
    const int items = !within_one() ? 2 : repeats_ ? 6 : 4;
    lines_ = (items + items_a_line_ - 1) / items_a_line_;
    height_ = line_height(kLabelSize);
    for (const HeadSummary& head : heads_) {
      const auto rows = static_cast<int>(head.thumbnail.rows - skipped_);
      height_ = std::max(height_, rows * std::max(1, side_ / rows));
    }
  }
  int pitch_x() const { return side_ + kGap; }
  int pitch_y() const { return height_ + 4 + lines_ * kLine + 12; }
  int width() const { return kRowTitle + static_cast<int>(columns_.size() + 1) * pitch_x(); }

  /// Cells without any weight in any head that lie after their query, or in a row without any weight: what
  /// is there is not "0" but hidden by the model, or was not run. Rows above all that were run are left out.
  /// Needs thumbnails of one shape.
  void find_hidden() {
    const Matrix& first = heads_[0].thumbnail;
    std::vector<float> most(first.values.size(), 0.0F);
    for (const HeadSummary& head : heads_) {
      if (head.thumbnail.rows != first.rows || head.thumbnail.columns != first.columns) return;
      for (std::size_t i = 0; i < most.size(); ++i)
        most[i] = head.thumbnail.values[i] == 0.0F ? most[i] : 1.0F;  // not finite is not hidden
    }
    const std::int64_t queries = std::max(heads_[0].queries, first.rows);
    const std::int64_t keys = std::max(heads_[0].keys, first.columns);
    const bool may_mask = within_one() && queries > 1;
    const auto seen = std::find_if(most.begin(), most.end(), [](float weight) { return weight != 0; });
    if (seen != most.end()) skipped_ = (seen - most.begin()) / first.columns;
    hidden_.assign(most.size(), 0);
    for (std::int64_t row = 0; row < first.rows; ++row) {
      const auto begin = most.begin() + row * first.columns;
      const bool empty = std::all_of(begin, begin + first.columns, [](float weight) { return weight == 0; });
      const std::int64_t last_query = ((row + 1) * queries + first.rows - 1) / first.rows - 1;
      const std::int64_t last_key = last_query + std::max<std::int64_t>(0, keys - queries);
      for (std::int64_t column = 0; column < first.columns; ++column) {
        const bool later = may_mask && column * keys / first.columns > last_key;
        const auto at = static_cast<std::size_t>(row * first.columns + column);
        hidden_[at] = most[at] == 0 && (empty || later) ? 1 : 0;
      }
    }
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
    const std::string caption = kind + " attention of each head: queries × sources";
    pen_.scene.text(pen_.shaper.line_within(caption, kCaptionSize, bar - 16 - left), left, y, Ink::kText,
                    Role::kCaption);
    std::string legend = "ent: entropy in bits · weight on sink: the first token";
    if (within_one()) legend += ", prev: the one before, self: its own";
    std::string more = repeats_ ? "ind: what followed an equal token, dup: an equal token · " : "";
    more += "framed: extremes";
    std::string cells = pooled_note();
    if (std::find(hidden_.begin(), hidden_.end(), 1) != hidden_.end())
      cells = "grey: not seen" + (cells.empty() ? "" : " · " + cells);
    const std::string skipped = skipped_note();
    if (!skipped.empty()) cells = skipped + (cells.empty() ? "" : " · " + cells);
    if (over) more += " · clipped above " + weight_text(scale_.top());
    y += 20;
    y += 15;
    const int room = std::max(right, left + kNarrowest) - left;
    for (const std::string& text : {legend, more, cells}) y = draw_note(pen_, text, left, y, room);
    return y + 11;
  }

  std::string skipped_note() const {
    if (skipped_ == 0) return {};
    const std::int64_t rows = heads_[0].thumbnail.rows;
    const std::int64_t queries = std::max(heads_[0].queries, rows);
    return "queries before " + std::to_string((skipped_ * queries + rows - 1) / rows) + " were not run";
  }

  std::string pooled_note() const {
    const HeadSummary& head = heads_[0];
    if (head.queries <= head.thumbnail.rows && head.keys <= head.thumbnail.columns) return {};
    const auto size = [](std::int64_t rows, std::int64_t columns) {
      return std::to_string(rows) + " × " + std::to_string(columns);
    };
    return size(head.queries, head.keys) + " weights in " +
           size(head.thumbnail.rows, head.thumbnail.columns) + " cells, each the largest of its own";
  }

  void title(const std::string& text, int x, int y) {
    pen_.scene.text(pen_.shaper.line_within(text, kLabelSize, pitch_x() - 6), x, y, Ink::kDim, Role::kColumn);
  }

  void row_title(const std::string& text, int x, int y) {
    const auto shaped = pen_.shaper.line(text, kLabelSize);
    pen_.scene.text(shaped, x, y + (height_ - line_height(kLabelSize)) / 2, Ink::kDim, Role::kRow);
  }

  /// Without the rows above all that were run.
  WeightView shown_of(const Matrix& weights) const {
    const auto begin = static_cast<std::size_t>(skipped_ * weights.columns);
    const std::span<const std::uint8_t> hidden(hidden_);
    return {std::span(weights.values).subspan(begin), hidden.empty() ? hidden : hidden.subspan(begin),
            weights.rows - skipped_, weights.columns};
  }

  /// Cells of whole pixels that fill the square as far as they go.
  void draw_weights(const Matrix& weights, int x, int y, bool framed) {
    if (weights.rows < 1 || weights.columns < 1) return;
    Clipped clipped;
    Grid grid = color_cells(shown_of(weights), 1, 1, scale_, clipped);
    grid.x = x;
    grid.y = y;
    grid.cell_width = std::max(1, side_ / grid.columns);
    grid.cell_height = std::max(1, side_ / grid.rows);
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
      const int left = x + (item % items_a_line_) * kCaptionColumn;
      const int top = y + height_ + 4 + (item / items_a_line_) * kLine;
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
  std::set<int> layers_;
  std::set<int> columns_;
  std::map<std::pair<int, int>, const HeadSummary*> places_;
  std::set<std::pair<const HeadSummary*, std::size_t>> telling_;
  std::vector<std::uint8_t> hidden_;  ///< Cells of every thumbnail, see find_hidden(); empty: none.
  std::int64_t skipped_ = 0;          ///< Rows of every thumbnail before the first that was run.
  bool repeats_ = false;              ///< There are statistics of repeated tokens.
  int side_ = kThumbnailSide;
  int items_a_line_ = 2;
  int lines_ = 2;   ///< Of a caption.
  int height_ = 0;  ///< Of the tallest thumbnail.
};

}  // namespace

Rect draw_heads(Pen& pen, std::span<const HeadSummary> heads, const ColorTop& top, int left, int y) {
  const Rect box = HeadTable(pen, heads, top).draw(left, y);
  return {left, y, box.width, box.height - y};
}

}  // namespace attnviz::render
