/// The axis of source labels.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "render/panel.h"
#include "render/segments.h"

namespace attnviz::render {
namespace {

constexpr std::size_t kMostAttended = 8;
constexpr int kMarkHeight = 4;  ///< Of the triangle at the query.
int half_label() { return line_height(kLabelSize) / 2; }

int center_of(const Columns& columns, std::int64_t source) {
  return columns.left + static_cast<int>(source / columns.bin) * columns.cell_width + columns.cell_width / 2;
}

std::set<std::int64_t> wanted_sources(const Columns& columns) {
  std::set<std::int64_t> wanted = {0, columns.sources - 1};
  if (columns.query) wanted.insert(*columns.query);
  std::vector<std::int64_t> order(columns.attended.size());
  std::iota(order.begin(), order.end(), 0);
  const std::size_t most = std::min(kMostAttended, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most), order.end(),
                    [&](std::int64_t a, std::int64_t b) {
                      const float first = columns.attended[static_cast<std::size_t>(a)];
                      const float second = columns.attended[static_cast<std::size_t>(b)];
                      return first != second ? first > second : a < b;
                    });
  wanted.insert(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most));
  return wanted;
}

/// Moves labels that stand in order of their columns apart, as little as can be in the mean square: labels
/// that touch form a block whose middle is the mean of what its labels want.
void spread(std::vector<PlacedLabel>& labels, int pitch, int low, int high) {
  struct Block {
    double sum;  ///< Of the wanted centres, each less its offset in the block.
    int count;
    double start() const { return sum / count; }
  };
  std::vector<Block> blocks;
  const auto begin_of = [&](const Block& block) {
    return std::clamp(block.start(), static_cast<double>(low),
                      std::max<double>(low, high - static_cast<double>(pitch) * (block.count - 1)));
  };
  for (const PlacedLabel& label : labels) {
    blocks.push_back({static_cast<double>(label.column_center), 1});
    while (blocks.size() > 1) {
      const Block last = blocks.back();
      Block& before = blocks[blocks.size() - 2];
      if (begin_of(before) + static_cast<double>(pitch) * before.count <= begin_of(last)) break;
      before.sum += last.sum - static_cast<double>(pitch) * before.count * last.count;
      before.count += last.count;
      blocks.pop_back();
    }
  }
  std::size_t next = 0;
  int free = low;  // rounding must not bring blocks closer
  for (const Block& block : blocks) {
    int at = std::max(free, static_cast<int>(std::lround(begin_of(block))));
    for (int i = 0; i < block.count; ++i, at += pitch) labels[next++].label_center = at;
    free = at;
  }
}

/// `numbered`: with its position, where labels alone do not tell which column is meant.
std::string label_of(const Columns& columns, std::int64_t source, bool numbered) {
  const auto at = static_cast<std::size_t>(source);
  if (columns.labels.empty()) return std::to_string(source);
  if (!numbered || columns.positions.empty()) return columns.labels[at];
  return std::to_string(columns.positions[at]) + " " + columns.labels[at];
}

Ink ink_of(const Columns& columns, const PlacedLabel& label) {
  if (columns.query == label.source) return Ink::kAccent;
  return label.wanted || columns.sources <= 12 ? Ink::kText : Ink::kDim;
}

/// How far the labels are below the cells: enough for the steepest fan of leader lines, or for the mark of
/// the query.
int reach_of(const Columns& columns, const std::vector<PlacedLabel>& labels, bool all) {
  if (all) return columns.query ? kMarkHeight + 1 : 2;
  int furthest = 0;
  for (const PlacedLabel& label : labels)
    furthest = std::max(furthest, std::abs(label.label_center - label.column_center));
  return std::clamp(8 + furthest / 3, 9, 30);
}

/// From a column straight down, across to its label, straight down again.
void draw_leader(Pen& pen, const PlacedLabel& label, int y, int reach, std::uint8_t color) {
  pen.scene.line(label.column_center, y + 1, label.column_center, y + kMarkHeight, color);
  pen.scene.line(label.column_center, y + kMarkHeight, label.label_center, y + reach - 3, color);
  pen.scene.line(label.label_center, y + reach - 3, label.label_center, y + reach - 1, color);
}

/// A small triangle that points at the query's column; where columns are narrower, its leader line must do.
void draw_query_mark(Pen& pen, const Columns& columns, int y) {
  if (!columns.query || columns.cell_width < 2 * kMarkHeight) return;
  const int center = center_of(columns, *columns.query);
  for (int i = 0; i < kMarkHeight; ++i) pen.scene.fill({center - i, y + i, 2 * i + 1, 1}, color::kAccent);
}

/// Swatches of the segments below the cells, one run of equal columns at a time.
void draw_segments(Pen& pen, const Columns& columns, int y) {
  const int count = columns.count();
  const auto segment = [&](int column) {
    return columns.segments[static_cast<std::size_t>(column * columns.bin)];
  };
  for (int first = 0; first < count;) {
    int last = first + 1;
    while (last < count && segment(last) == segment(first)) ++last;
    const Rect box = {columns.left + first * columns.cell_width, y, (last - first) * columns.cell_width, 4};
    if (segment(first) != kGluePlace) pen.scene.fill(box, swatch_of(segment(first)));
    first = last;
  }
}

std::uint8_t leader_color(const Columns& columns, const PlacedLabel& label) {
  if (columns.query == label.source) return color::kAccent;
  return label.wanted ? color::kDim : color::kQuiet;
}

/// Whether every label fits, as it is read, under its own column.
bool fit_under_columns(Pen& pen, const Columns& columns) {
  if (columns.bin > 1 || columns.cell_width <= 12) return false;
  for (std::int64_t source = 0; source < columns.sources; ++source) {
    const auto label = pen.shaper.line(label_of(columns, source, false), kLabelSize);
    if (label->pixels() > columns.cell_width - 6) return false;
  }
  return true;
}

/// Each label in the middle of its column.
std::vector<PlacedLabel> place_flat(const Columns& columns) {
  return place_labels(columns, columns.cell_width, columns.left, columns.left + columns.width());
}

/// Turned labels side by side, also beside the columns where that is `right` of them.
std::vector<PlacedLabel> place_turned(const Columns& columns, int right) {
  const int low = std::min(columns.left + half_label(), columns.left + columns.cell_width / 2);
  const int high = std::max(right - half_label(), columns.left + columns.width() - columns.cell_width / 2);
  return place_labels(columns, line_height(kLabelSize), low, high);
}

/// Says which labels are there and which are not; returns where the note ends.
int draw_left_out(Pen& pen, const Columns& columns, std::size_t labelled, int y, int right) {
  const std::string note = std::to_string(columns.sources) + " " + columns.unit + ", " +
                           std::to_string(labelled) + " labelled: the first, the last, " +
                           (columns.attended.empty() ? "" : "the most attended, ") +
                           "and others where there is room";
  const auto shaped = pen.shaper.line_within(note, kLabelSize, right - columns.left);
  return pen.scene.text(shaped, columns.left, y, Ink::kDim, Role::kNote).bottom();
}

}  // namespace

std::vector<PlacedLabel> place_labels(const Columns& columns, int pitch, int low, int high) {
  std::vector<PlacedLabel> labels;
  for (const std::int64_t source : wanted_sources(columns)) {
    const int center = center_of(columns, source);
    labels.push_back({source, center, center, true});
  }
  spread(labels, pitch, low, high);
  const std::vector<PlacedLabel> wanted = labels;
  const int every = (pitch + columns.cell_width - 1) / columns.cell_width;
  for (int column = 0; column < columns.count(); column += every) {
    const std::int64_t source = column * columns.bin;
    const int center = center_of(columns, source);
    constexpr int kClear = 4;  // of the leader lines of others
    const bool free = std::none_of(wanted.begin(), wanted.end(), [&](const PlacedLabel& label) {
      const int from = std::min(label.column_center - kClear, label.label_center - pitch + 1);
      const int to = std::max(label.column_center + kClear, label.label_center + pitch - 1);
      return center >= from && center <= to;
    });
    if (free && center >= low && center <= high) labels.push_back({source, center, center, false});
  }
  std::sort(labels.begin(), labels.end(),
            [](const PlacedLabel& a, const PlacedLabel& b) { return a.label_center < b.label_center; });
  return labels;
}

int draw_axis(Pen& pen, const Columns& columns, int y, int right) {
  if (!columns.segments.empty()) {
    draw_segments(pen, columns, y + 2);
    y += 6;
  }
  const bool flat = fit_under_columns(pen, columns);
  const std::vector<PlacedLabel> labels = flat ? place_flat(columns) : place_turned(columns, right);
  const bool all = static_cast<std::int64_t>(labels.size()) == columns.sources;
  const int reach = reach_of(columns, labels, all);
  int bottom = y;
  for (const PlacedLabel& label : labels) {
    if (!all) draw_leader(pen, label, y, reach, leader_color(columns, label));
    const auto shaped = pen.shaper.line(label_of(columns, label.source, !all), kLabelSize);
    const Ink ink = ink_of(columns, label);
    const Rect box = flat ? pen.scene.text(shaped, label.column_center - shaped->pixels() / 2, y + reach + 1,
                                           ink, Role::kColumn)
                          : pen.scene.text_up(shaped, label.label_center - half_label(), y + reach + 2, ink,
                                              Role::kColumn);
    bottom = std::max(bottom, box.bottom());
  }
  draw_query_mark(pen, columns, y);
  return all ? bottom : draw_left_out(pen, columns, labels.size(), bottom + 4, right);
}

}  // namespace attnviz::render
