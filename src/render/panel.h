/// One heatmap with its caption, colour bar and row labels, and the axis of source labels that several of
/// them share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "render/grid.h"
#include "render/scale.h"
#include "render/scene.h"
#include "render/shaper.h"

namespace attnviz::render {

/// What every part of a page draws with.
struct Pen {
  Scene& scene;
  Shaper& shaper;
  const RenderOptions& options;
};

inline constexpr int kMargin = 24;
inline constexpr int kTitleSize = 16;
inline constexpr int kCaptionSize = 13;
inline constexpr int kLabelSize = 11;
inline constexpr int kCellTextSize = 10;
inline constexpr int kLabelGraphemes = 24;
inline constexpr int kNarrowest = 640;  ///< Pixels between the margins of a page, at least.

/// The sources, from left to right.
struct Columns {
  int left = 0;  ///< x of the first.
  int cell_width = 1;
  std::int64_t sources = 0;
  std::int64_t bin = 1;          ///< Sources in a column.
  std::string unit = "sources";  ///< What they are, for notes: or "words", "outputs".
  /// [sources]: written before labels where some are left out; or empty.
  std::vector<std::int64_t> positions;
  std::vector<std::string> labels;    ///< [sources], ready to be shaped; empty: their numbers.
  std::vector<std::uint8_t> special;  ///< [sources], or empty.
  std::vector<int> segments;          ///< [sources]: places (segments.h); empty: not named.
  std::vector<float> attended;        ///< [sources]: the most attended are always labelled.
  std::optional<std::int64_t> query;  ///< The source that is the query itself.
  bool from_start = true;             ///< The first source is the first position: it may be a sink.
  int count() const noexcept { return static_cast<int>((sources + bin - 1) / bin); }
  int width() const noexcept { return count() * cell_width; }
};

/// One heatmap over the shared columns.
struct Panel {
  std::string caption;
  std::string row_axis;  ///< "layer"; empty: none.
  WeightView weights;
  std::vector<std::string> row_labels;  ///< [rows], or empty: their numbers.
  std::span<const float> overall;       ///< [sources], a row of its own below; or empty.
  Scale scale{ColorScale::kSqrt, 1};
  std::int64_t row_bin = 1;
  int cell_height = 14;
  int left = kMargin;              ///< x of the caption and the row labels.
  std::vector<std::string> notes;  ///< Said under the caption.
};

/// Width of the row labels of `panel` with the gap to the cells.
int row_label_width(Pen& pen, const Panel& panel);

/// Draws `panel` below `y`, between `panel.left` and `right`; returns where it ends.
int draw_panel(Pen& pen, const Panel& panel, const Columns& columns, int y, int right);

/// Draws the axis below `y`, within kMargin and `right`; returns where it ends.
int draw_axis(Pen& pen, const Columns& columns, int y, int right);

/// Where labels go on an axis. Positions are centres in pixels.
struct PlacedLabel {
  std::int64_t source = 0;
  int column_center = 0;
  int label_center = 0;
  bool wanted = false;  ///< First, last, query or among the most attended.
};

/// At least `pitch` apart, within [low, high]: the wanted sources always, moved where they crowd, and of the
/// others every k-th that finds room above its own column.
std::vector<PlacedLabel> place_labels(const Columns& columns, int pitch, int low, int high);

/// Swatches with texts side by side, wrapped between `left` and `right`; returns where it ends.
int draw_swatches(Pen& pen, const std::vector<std::pair<Swatch, std::string>>& items, int left, int y,
                  int right);

/// Draws `text` at (left, y) in as many lines of at most `room` pixels as it needs, broken at blanks; returns
/// where it ends: `y` for an empty one.
int draw_note(Pen& pen, std::string_view text, int left, int y, int room, Ink ink = Ink::kDim);

/// "sink “the” clipped, up to 0.93". `sinks` of the columns, or empty.
std::string clipped_note(const Columns& columns, const Scale& scale, const Clipped& clipped,
                         std::span<const std::uint8_t> sinks);

/// A colour bar that ends at `right`; returns its left end.
int draw_color_bar(Pen& pen, const Scale& scale, bool clipped, int y, int right);

}  // namespace attnviz::render
