/// A scene to pixels.
#pragma once

#include "attnviz/render.h"
#include "render/glyphs.h"
#include "render/scene.h"

namespace attnviz::render {

/// Draws `scene` onto paper of width × height pixels. What lies outside is cut off.
Image rasterise(const Scene& scene, int width, int height, const Colors& colors, Glyphs& glyphs);

}  // namespace attnviz::render
