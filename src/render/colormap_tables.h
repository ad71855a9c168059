/// The published colormaps, each 0xRRGGBB from the lowest weight to the highest.
#pragma once

#include <array>
#include <cstdint>

#include "attnviz/render.h"

namespace attnviz::render {

extern const std::array<std::uint32_t, kColorSteps> kViridis;
extern const std::array<std::uint32_t, kColorSteps> kMagma;
extern const std::array<std::uint32_t, kColorSteps> kInferno;
extern const std::array<std::uint32_t, kColorSteps> kPlasma;
extern const std::array<std::uint32_t, kColorSteps> kCividis;

}  // namespace attnviz::render
