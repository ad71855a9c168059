/// A matrix with its labels: for library users, and as summary in the overview.
#include <algorithm>
#include <cmath>
#include <string>

#include "render/overview.h"
#include "render/segments.h"
#include "render/unicode.h"

namespace attnviz::render {
namespace {

void expect(const Heatmap& heatmap, const char* what, std::size_t found, std::size_t expected,
            bool may_be_empty) {
  if (found == expected || (may_be_empty && found == 0)) return;
  throw Error(ErrorKind::kUsage, "heatmap '" + heatmap.title + "' has " + std::to_string(found) + " " + what +
                                     " where " + std::to_string(expected) + " were expected");
}

void check(const Heatmap& heatmap) {
  if (heatmap.weights.rows < 1 || heatmap.weights.columns < 1) {
    throw Error(ErrorKind::kUsage,
                "heatmap '" + heatmap.title + "' has no cells; give it at least one row and column");
  }
  const auto rows = static_cast<std::size_t>(heatmap.weights.rows);
  const auto columns = static_cast<std::size_t>(heatmap.weights.columns);
  expect(heatmap, "weights", heatmap.weights.values.size(), rows * columns, false);
  expect(heatmap, "mask values", heatmap.masked.size(), rows * columns, true);
  expect(heatmap, "row labels", heatmap.row_labels.size(), rows, true);
  expect(heatmap, "column labels", heatmap.column_labels.size(), columns, true);
  expect(heatmap, "row positions", heatmap.row_positions.size(), rows, true);
  expect(heatmap, "column positions", heatmap.column_positions.size(), columns, true);
  expect(heatmap, "special flags", heatmap.special.size(), columns, true);
  expect(heatmap, "segments of columns", heatmap.segments.size(), columns, true);
  for (const int segment : heatmap.segments) {
    if (segment >= -1 && segment < static_cast<int>(heatmap.segment_names.size())) continue;
    throw Error(ErrorKind::kUsage, "heatmap '" + heatmap.title + "' has a column in segment " +
                                       std::to_string(segment) + ", but names " +
                                       std::to_string(heatmap.segment_names.size()) + " segments");
  }
}

double top_of(const Pen& pen, const Heatmap& heatmap, const ColorTop& top) {
  if (heatmap.top) return *heatmap.top;
  if (pen.options.top.kind == ScaleTop::Kind::kValue) return pen.options.top.value;
  if (heatmap.difference) return largest_weight(heatmap.weights, heatmap.masked, {});
  const double of_run = heatmap.reduction == nullptr ? 0 : top.of(heatmap.kind, heatmap.reduction);
  if (pen.options.top.kind == ScaleTop::Kind::kRun && of_run > 0) return whole_top(of_run);
  std::vector<std::uint8_t> left_out = sink_columns(heatmap.weights, heatmap.masked, heatmap.special, true);
  for (std::size_t i = 0; i < heatmap.special.size(); ++i) left_out[i] |= heatmap.special[i];
  const double outside = largest_weight(heatmap.weights, heatmap.masked, left_out);
  return whole_top(outside > 0 ? outside : largest_weight(heatmap.weights, heatmap.masked, {}));
}

/// "12 Tessin"; empty where there are neither texts nor positions.
std::vector<std::string> labels_of(const std::vector<std::string>& texts,
                                   const std::vector<std::int64_t>& positions) {
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < std::max(texts.size(), positions.size()); ++i) {
    std::string label = positions.empty() ? "" : std::to_string(positions[i]);
    if (!texts.empty()) label += (label.empty() ? "" : " ") + label_text(texts[i], kLabelGraphemes);
    labels.push_back(std::move(label));
  }
  return labels;
}

/// Sum of the sizes in each column, for "most attended".
std::vector<float> column_sums(const Heatmap& heatmap) {
  std::vector<float> sums(static_cast<std::size_t>(heatmap.weights.columns), 0.0F);
  for (std::int64_t row = 0; row < heatmap.weights.rows; ++row) {
    for (std::size_t column = 0; column < sums.size(); ++column) {
      const float weight = heatmap.weights.at(row, static_cast<std::int64_t>(column));
      if (std::isfinite(weight)) sums[column] += std::abs(weight);
    }
  }
  return sums;
}

/// Each distinct name once, in its colour.
std::vector<std::pair<Swatch, std::string>> legend_of(const std::vector<std::string>& names,
                                                      const std::vector<int>& places) {
  std::vector<std::pair<Swatch, std::string>> items;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool first =
        std::find(places.begin(), places.end(), places[i]) - places.begin() == static_cast<std::ptrdiff_t>(i);
    if (places[i] != kGluePlace && first)
      items.emplace_back(swatch_of(places[i]), label_text(names[i], kLabelGraphemes));
  }
  return items;
}

}  // namespace

Rect draw_heatmap(Pen& pen, const Heatmap& heatmap, const ColorTop& top, int left, int y) {
  check(heatmap);
  Panel panel;
  panel.caption = heatmap.title;
  panel.left = left;
  panel.weights = view_of(heatmap.weights, heatmap.masked);
  panel.row_labels = labels_of(heatmap.row_labels, heatmap.row_positions);
  panel.row_bin = sources_per_column(heatmap.weights.rows);
  panel.scale = Scale(pen.options.scale, top_of(pen, heatmap, top), heatmap.difference);
  Columns columns;
  columns.sources = heatmap.weights.columns;
  columns.bin = sources_per_column(columns.sources);
  columns.labels = labels_of(heatmap.column_labels, heatmap.column_positions);
  columns.special = heatmap.special;
  columns.attended = column_sums(heatmap);
  columns.unit = heatmap.column_unit;
  const std::vector<int> places = segment_places(heatmap.segment_names);
  for (const int segment : heatmap.segments)
    columns.segments.push_back(segment < 0 ? kGluePlace : places[static_cast<std::size_t>(segment)]);
  const std::int64_t rows = (heatmap.weights.rows + panel.row_bin - 1) / panel.row_bin;
  const CellSize cell = cell_size(columns.count(), rows, true);
  columns.cell_width = cell.width;
  panel.cell_height = cell.height;
  columns.left = left + row_label_width(pen, panel);
  if (columns.bin > 1 || panel.row_bin > 1) {
    panel.notes.push_back(std::to_string(panel.row_bin) + " × " + std::to_string(columns.bin) +
                          " weights share a cell, drawn with their largest");
  }
  const int right = std::max(left + kNarrowest, columns.left + columns.width() + 1);
  int bottom = draw_axis(pen, columns, draw_panel(pen, panel, columns, y, right) + 1, right);
  if (!heatmap.segments.empty())
    bottom = draw_swatches(pen, legend_of(heatmap.segment_names, places), columns.left, bottom + 10, right);
  return {left, y, right - left, bottom - y};
}

void draw_heatmap_page(Pen& pen, const Heatmap& heatmap, const ColorTop& top) {
  draw_heatmap(pen, heatmap, top, kMargin, kMargin - 4);
}

}  // namespace attnviz::render
