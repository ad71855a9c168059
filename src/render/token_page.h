/// The page of one output token.
#pragma once

#include "render/page_parts.h"

namespace attnviz::render {

/// Throws kUsage unless the shapes of `map` agree.
void check_shapes(const TokenMap& map);

/// Lays the page of `map` out into `pen.scene`. `top` knows the run.
void draw_token_page(Pen& pen, const TokenMap& map, const ColorTop& top, const ReadingLayouts& reading);

/// Which sources of `view` are special tokens.
std::vector<std::uint8_t> special_sources(const AttentionView& view);

}  // namespace attnviz::render
