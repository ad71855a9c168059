#include "render/grid.h"

#include <algorithm>
#include <cmath>

#include "attnviz/render.h"

namespace attnviz::render {

std::int64_t sources_per_column(std::int64_t sources) noexcept {
  constexpr std::int64_t kMostColumns = 4096;
  return std::max<std::int64_t>(1, (sources + kMostColumns - 1) / kMostColumns);
}

CellSize cell_size(std::int64_t columns, std::int64_t rows, bool square) {
  constexpr std::int64_t kWidth = 1380;
  constexpr std::int64_t kHeight = 640;
  constexpr std::int64_t kLargest = 48;
  constexpr std::int64_t kTallest = 24;  // rows of a token's heatmaps: three of them share a page
  constexpr std::int64_t kLegible = 14;  // a row with a label of its own
  const std::int64_t by_width =
      std::clamp<std::int64_t>(kWidth / std::max<std::int64_t>(columns, 1), 1, kLargest);
  const std::int64_t by_height =
      std::clamp<std::int64_t>(kHeight / std::max<std::int64_t>(rows, 1), 1, kLargest);
  CellSize cell;
  const std::int64_t even = std::min(by_width, by_height);
  cell.width = static_cast<int>(square ? std::max(even, std::min(kLegible, by_width)) : by_width);
  const std::int64_t tallest = square ? kLargest : kTallest;
  const std::int64_t height = std::max(even, std::min(kLegible, by_height));
  cell.height = static_cast<int>(std::min(height, tallest));
  return cell;
}

WeightView view_of(const Matrix& matrix, std::span<const std::uint8_t> masked) {
  return {matrix.values, masked, matrix.rows, matrix.columns};
}

Grid color_cells(const WeightView& weights, std::int64_t row_bin, std::int64_t column_bin, const Scale& scale,
                 Clipped& clipped) {
  Grid grid;
  grid.rows = static_cast<int>((weights.rows + row_bin - 1) / row_bin);
  grid.columns = static_cast<int>((weights.columns + column_bin - 1) / column_bin);
  grid.colors.reserve(static_cast<std::size_t>(grid.rows) * static_cast<std::size_t>(grid.columns));
  const auto rank = [&](double weight) { return scale.is_difference() ? std::abs(weight) : weight; };
  for (std::int64_t row = 0; row < weights.rows; row += row_bin) {
    for (std::int64_t column = 0; column < weights.columns; column += column_bin) {
      double largest = scale.is_difference() ? 0 : -1;
      bool seen = false;
      bool finite = true;
      for (std::int64_t r = row; r < std::min(row + row_bin, weights.rows); ++r) {
        for (std::int64_t c = column; c < std::min(column + column_bin, weights.columns); ++c) {
          const auto at = static_cast<std::size_t>(r * weights.columns + c);
          if (!weights.masked.empty() && weights.masked[at] != 0) continue;
          const double weight = weights.values[at];
          seen = true;
          finite = finite && std::isfinite(weight);
          if (std::isfinite(weight) && scale.clips(weight) && rank(weight) > std::abs(clipped.largest))
            clipped = {weight, c};
          if (rank(weight) > rank(largest)) largest = weight;
        }
      }
      grid.colors.push_back(!seen ? color::kMasked : !finite ? color::kHatch : scale.color(largest));
    }
  }
  return grid;
}

}  // namespace attnviz::render
