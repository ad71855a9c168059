/// Stacked bars of the masses of segments along an answer.
#pragma once

#include "render/panel.h"

namespace attnviz::render {

/// Throws kUsage as Painter::segments() says. To be drawn in Steps::kShares.
void draw_segment_chart(Pen& pen, const SegmentChart& chart);

}  // namespace attnviz::render
