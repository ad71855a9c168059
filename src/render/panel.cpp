#include "render/panel.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace attnviz::render {
namespace {

constexpr int kBarLength = 200;
constexpr int kBarHeight = 10;
constexpr int kAxisName = 18;  ///< Room for the turned name of the rows.

std::string row_label(const Panel& panel, std::int64_t row) {
  return panel.row_labels.empty() ? std::to_string(row) : panel.row_labels[static_cast<std::size_t>(row)];
}

/// Labels of rows, right-aligned before the cells, as many as find room; the first and the last always.
void draw_row_labels(Pen& pen, const Panel& panel, int rows, int cell_height, int right, int y) {
  const int height = line_height(kLabelSize);
  const int every = (height + cell_height - 1) / cell_height;
  const int last_top = y + (rows - 1) * cell_height + (cell_height - height) / 2;
  for (int row = 0; row < rows; ++row) {
    const int top = y + row * cell_height + (cell_height - height) / 2;
    const bool last = row == rows - 1;
    if (row % every != 0 && !last) continue;
    if (!last && top + height > last_top) continue;
    const auto shaped = pen.shaper.line(row_label(panel, row * panel.row_bin), kLabelSize);
    pen.scene.text(shaped, right - shaped->pixels(), top, Ink::kDim, Role::kRow);
  }
}

/// ".12", "1"; empty for what would read 0.
std::string cell_text(double weight) {
  if (!std::isfinite(weight) || std::abs(weight) < 0.005) return {};
  if (weight < 0) return "−" + cell_text(-weight);
  std::array<char, 16> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), weight, std::chars_format::fixed, 2).ptr;
  std::string result(text.data(), end);
  if (result == "1.00") return "1";
  return result[0] == '0' ? result.substr(1) : result;
}

void annotate(Pen& pen, const WeightView& weights, const Grid& grid) {
  const int height = line_height(kCellTextSize);
  if (grid.cell_height < height) return;
  for (int row = 0; row < grid.rows; ++row) {
    for (int column = 0; column < grid.columns; ++column) {
      const auto at = static_cast<std::size_t>(row) * static_cast<std::size_t>(grid.columns) +
                      static_cast<std::size_t>(column);
      if (grid.colors[at] == color::kMasked || grid.colors[at] == color::kHatch) continue;
      const std::string text = cell_text(weights.values[at]);
      if (text.empty()) continue;
      const auto shaped = pen.shaper.line(text, kCellTextSize);
      if (shaped->pixels() + 2 > grid.cell_width) continue;
      pen.scene.text(shaped, grid.x + column * grid.cell_width + (grid.cell_width - shaped->pixels() + 1) / 2,
                     grid.y + row * grid.cell_height + (grid.cell_height - height) / 2, Ink::kText,
                     Role::kCell);
    }
  }
}

Matrix matrix_of(const WeightView& view) {
  return {view.rows, view.columns, {view.values.begin(), view.values.end()}};
}

/// Caption, colour bar and notes; returns where the cells begin.
int draw_panel_head(Pen& pen, const Panel& panel, const Columns& columns, const Clipped& clipped, int y,
                    int right) {
  const int bar = draw_color_bar(pen, panel.scale, clipped.any(), y + 3, right);
  const int room = bar - 24 - panel.left;
  pen.scene.text(pen.shaper.line_within(panel.caption, kCaptionSize, room), panel.left, y, Ink::kText,
                 Role::kCaption);
  std::vector<std::string> notes = panel.notes;
  if (clipped.any()) {
    const auto sinks =
        sink_columns(matrix_of(panel.weights), panel.weights.masked, columns.special, columns.from_start);
    notes.push_back(clipped_note(columns, panel.scale, clipped, sinks));
  }
  std::string note;
  for (const std::string& part : notes) note += (note.empty() ? "" : " · ") + part;
  return std::max(y + 38, draw_note(pen, note, panel.left, y + 18, room) + 5);
}

/// Cells in a frame below `y`, and their weights in them where they are wanted and each cell is one weight.
Rect draw_cells(Pen& pen, Grid cells, const Columns& columns, int cell_height, int y,
                const WeightView& weights, bool exact) {
  cells.x = columns.left;
  cells.y = y;
  cells.cell_width = columns.cell_width;
  cells.cell_height = cell_height;
  const Rect box = cells.box();
  pen.scene.frame({box.x - 1, box.y - 1, box.width + 2, box.height + 2}, color::kHair);
  const Grid shape = pen.options.annotate && exact ? cells : Grid{};
  pen.scene.grid(std::move(cells));
  if (!shape.colors.empty()) annotate(pen, weights, shape);
  return box;
}

/// The turned name of the rows, where it finds room beside them.
void draw_row_axis(Pen& pen, const Panel& panel, const Rect& cells) {
  const auto name = pen.shaper.line(panel.row_axis, kLabelSize);
  if (panel.row_axis.empty() || name->pixels() > cells.height) return;
  pen.scene.text_up(name, panel.left, cells.y + (cells.height - name->pixels()) / 2, Ink::kDim, Role::kRow);
}

}  // namespace

int row_label_width(Pen& pen, const Panel& panel) {
  int width = panel.overall.empty() ? 0 : pen.shaper.line("overall", kLabelSize)->pixels();
  for (std::int64_t row = 0; row < panel.weights.rows; row += panel.row_bin) {
    width = std::max(width, pen.shaper.line(row_label(panel, row), kLabelSize)->pixels());
  }
  return width + 8 + (panel.row_axis.empty() ? 0 : kAxisName);
}

int draw_color_bar(Pen& pen, const Scale& scale, bool clipped, int y, int right) {
  const int length = kBarLength;
  // Room on the right for the arrow and half of the last tick's label.
  const int left = right - length - 22;
  Grid bar;
  bar.x = left;
  bar.y = y;
  bar.columns = length;
  bar.rows = 1;
  bar.cell_height = kBarHeight;
  for (int x = 0; x < length; ++x) {
    bar.colors.push_back(
        static_cast<std::uint8_t>((x * (scale.steps() - 1) + (length - 1) / 2) / (length - 1)));
  }
  pen.scene.grid(std::move(bar));
  for (int i = 0; clipped && i < kBarHeight / 2 + 3; ++i) {
    const int half = std::max(0, kBarHeight / 2 - i * kBarHeight / 16);
    if (half <= 0) continue;
    pen.scene.fill({left + length + 1 + i, y + kBarHeight / 2 - half, 1, 2 * half}, color::kOver);
    if (scale.is_difference()) pen.scene.fill({left - 2 - i, y + kBarHeight / 2 - half, 1, 2 * half}, kUnder);
  }
  for (const Scale::Tick& tick : scale.ticks(0.2)) {
    const int x = left + static_cast<int>(std::lround(tick.place * (length - 1)));
    const auto shaped = pen.shaper.line(tick.text, kLabelSize);
    pen.scene.line(x, y + kBarHeight, x, y + kBarHeight + 2, color::kDim);
    const int label = std::min(x - shaped->pixels() / 2, right - shaped->pixels() - 1);
    pen.scene.text(shaped, label, y + kBarHeight + 3, Ink::kDim, Role::kTick);
  }
  return left;
}

int draw_note(Pen& pen, std::string_view text, int left, int y, int room, Ink ink) {
  while (!text.empty()) {
    std::size_t end = text.size();
    while (end != std::string_view::npos && end > 0 &&
           pen.shaper.line(text.substr(0, end), kLabelSize)->pixels() > room) {
      end = text.rfind(' ', end - 1);
    }
    if (end == std::string_view::npos || end == 0) end = std::min(text.find(' ', 1), text.size());
    y = pen.scene
            .text(pen.shaper.line_within(text.substr(0, end), kLabelSize, room), left, y, ink, Role::kNote)
            .bottom() +
        1;
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return y;
}

std::string clipped_note(const Columns& columns, const Scale& scale, const Clipped& clipped,
                         std::span<const std::uint8_t> sinks) {
  const auto at = static_cast<std::size_t>(clipped.column);
  const std::string name = columns.labels.empty() ? std::to_string(clipped.column) : columns.labels[at];
  const std::string beyond = scale.is_difference() ? "beyond ±" : "above ";
  return (!sinks.empty() && sinks[at] != 0 ? "sink “" + name + "” clipped"
                                           : beyond + weight_text(scale.top()) + " clipped: “" + name + "”") +
         ", up to " + weight_text(clipped.largest);
}

int draw_swatches(Pen& pen, const std::vector<std::pair<Swatch, std::string>>& items, int left, int y,
                  int right) {
  int x = left;
  for (const auto& [swatch, text] : items) {
    const auto label = pen.shaper.line_within(text, kLabelSize, right - left - 15);
    if (x > left && x + 15 + label->pixels() > right) {
      x = left;
      y += 18;
    }
    pen.scene.fill({x, y + 2, 10, 10}, swatch);
    x = pen.scene.text(label, x + 15, y, Ink::kDim, Role::kSegment).right() + 16;
  }
  return items.empty() ? y : y + line_height(kLabelSize);
}

int draw_panel(Pen& pen, const Panel& panel, const Columns& columns, int y, int right) {
  Clipped clipped;
  Grid cells = color_cells(panel.weights, panel.row_bin, columns.bin, panel.scale, clipped);
  const WeightView overall = {panel.overall, {}, 1, columns.sources};
  Grid overall_cells;
  if (!panel.overall.empty()) overall_cells = color_cells(overall, 1, columns.bin, panel.scale, clipped);
  y = draw_panel_head(pen, panel, columns, clipped, y, right);
  if (!cells.colors.empty()) {
    const bool exact = columns.bin == 1 && panel.row_bin == 1;
    const Rect box = draw_cells(pen, std::move(cells), columns, panel.cell_height, y, panel.weights, exact);
    draw_row_labels(pen, panel, box.height / panel.cell_height, panel.cell_height, columns.left - 8, box.y);
    draw_row_axis(pen, panel, box);
    y = box.bottom();
  }
  if (overall_cells.colors.empty()) return y;
  constexpr int kLowest = 14;  // that holds its label
  const Rect box = draw_cells(pen, std::move(overall_cells), columns, std::max(panel.cell_height, kLowest),
                              y + 4, overall, columns.bin == 1);
  const auto label = pen.shaper.line("overall", kLabelSize);
  pen.scene.text(label, columns.left - 8 - label->pixels(),
                 box.y + (box.height - line_height(kLabelSize)) / 2, Ink::kText, Role::kRow);
  return box.bottom();
}

}  // namespace attnviz::render
