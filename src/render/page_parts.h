/// Parts of a token's page that are no heatmaps.
#pragma once

#include <functional>
#include <memory>

#include "render/panel.h"
#include "render/reading_view.h"

namespace attnviz::render {

/// Gives the layout of the text of a sequence in so many pixels; may remember it.
using ReadingLayouts =
    std::function<std::shared_ptr<const ReadingLayout>(const std::shared_ptr<const Sequence>&, int)>;

/// The text of `view` on the colours of the overall row of its first reduction, on a scale of its own (with
/// ScaleTop::Kind::kValue on that), between kMargin and `right`. `columns` are the sources of `view`. Returns
/// where it ends: `y` where there is no text or no reduction.
int draw_text_block(Pen& pen, const AttentionView& view, const OutputToken& token, const Columns& columns,
                    const ReadingLayouts& reading, int y, int right);

/// The masses of the segments of `view` as one bar, with what finds no room on it below. Returns where it
/// ends.
int draw_masses(Pen& pen, const AttentionView& view, int y, int right);

}  // namespace attnviz::render
