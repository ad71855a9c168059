/// Sizes of cells, and weights as coloured cells.
#pragma once

#include <cstdint>
#include <span>

#include "attnviz/core.h"
#include "render/scale.h"
#include "render/scene.h"

namespace attnviz::render {

/// Pixels of one cell. Whole, at least 1; rows stay tall enough for a label where a heatmap of a few rows is
/// wide.
struct CellSize {
  int width = 1;
  int height = 1;
};

/// `columns` and `rows` as drawn, after binning. `square` for matrices whose two axes mean the same.
CellSize cell_size(std::int64_t columns, std::int64_t rows, bool square);

/// Row-major weights as a view: [rows, columns].
struct WeightView {
  std::span<const float> values;
  std::span<const std::uint8_t> masked;  ///< Same shape, or empty.
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};
WeightView view_of(const Matrix& matrix, std::span<const std::uint8_t> masked = {});

/// What of a grid was beyond the top.
struct Clipped {
  double largest = 0;        ///< The one of the greatest size; 0: nothing.
  std::int64_t column = -1;  ///< Source where it is.
  bool any() const noexcept { return column >= 0; }
};

/// Colours of `weights`, `row_bin` × `column_bin` of them in a cell, drawn with their largest, of
/// differences with that of the greatest size (one that is not finite wins; masked only when all are).
/// Position and cell size are the caller's.
Grid color_cells(const WeightView& weights, std::int64_t row_bin, std::int64_t column_bin, const Scale& scale,
                 Clipped& clipped);

}  // namespace attnviz::render
