/// The colours of segments and the figures of their masses: the same on every page.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "render/scene.h"

namespace attnviz::render {

/// Places that are no segment's own.
inline constexpr int kGluePlace = -1;       ///< Glue and template tokens.
inline constexpr int kGeneratedPlace = -2;  ///< What the model wrote itself.

/// What pages call glue and template tokens.
inline constexpr const char* kOutsideName = "outside of segments";

/// Of each name its place among the distinct ones; kGluePlace for "", kGeneratedPlace for kGeneratedSegment.
/// Places decide on colours.
std::vector<int> segment_places(std::span<const std::string> names);
/// The same for the segments of `sequence`, in their order.
std::vector<int> segment_places(const Sequence& sequence);
/// Of each token of `sequence`: the place of its segment, kGeneratedPlace for what the model wrote.
std::vector<int> token_places(const Sequence& sequence);

/// Eight colours; places after those have the same colours again under stripes.
Swatch swatch_of(int place) noexcept;

/// Shares in hundredths that sum to what the shares sum to: each is rounded down or up, those with the
/// largest remainders up (Hamilton's method). "<0.01" for what is above 0 and got no hundredth. Not finite:
/// "nan", "inf", and the others as they are.
std::vector<std::string> share_texts(std::span<const double> shares);

}  // namespace attnviz::render
