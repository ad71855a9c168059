/// Pages of whole models and of single matrices.
#pragma once

#include <span>
#include <string_view>

#include "render/panel.h"

namespace attnviz::render {

/// Throws kUsage when shapes do not agree or there is nothing to draw.
void draw_overview(Pen& pen, std::string_view title, std::span<const HeadSummary> heads,
                   std::span<const Heatmap> summaries, const ColorTop& top);

/// Throws kUsage when shapes do not agree.
void draw_heatmap_page(Pen& pen, const Heatmap& heatmap, const ColorTop& top);

/// Draws `heatmap` with its left edge at `left`, below `y`; returns its box.
Rect draw_heatmap(Pen& pen, const Heatmap& heatmap, const ColorTop& top, int left, int y);

/// The heads of one kind of attention as a table of thumbnails at (left, y); returns its box.
Rect draw_heads(Pen& pen, std::span<const HeadSummary> heads, const ColorTop& top, int left, int y);

}  // namespace attnviz::render
