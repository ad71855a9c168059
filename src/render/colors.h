/// The 256 colours of a picture, and what becomes of them under anti-aliased text.
#pragma once

#include <array>
#include <cstdint>

#include "attnviz/render.h"

namespace attnviz::render {

/// Palette indexes; below kPaper lie the kColorSteps of the colormap.
namespace color {
inline constexpr std::uint8_t kPaper = 220;  ///< Background; from here to kInk a ramp of 18 greys.
inline constexpr std::uint8_t kHair = 223;   ///< Frames and separators.
inline constexpr std::uint8_t kQuiet = 227;  ///< Leader lines.
inline constexpr std::uint8_t kDim = 231;    ///< Second-rank text.
inline constexpr std::uint8_t kInk = 237;
inline constexpr std::uint8_t kOver = 238;    ///< Weights above the top of the scale.
inline constexpr std::uint8_t kMasked = 239;  ///< What a query cannot see.
inline constexpr std::uint8_t kHatch = 240;   ///< Stripes on kPaper: weights that are not finite.
inline constexpr std::uint8_t kAccent = 241;  ///< The query; a framed head.
inline constexpr std::uint8_t kSegments = 242;
inline constexpr int kSegmentCount = 8;
inline constexpr std::uint8_t kWhite = 250;
inline constexpr std::uint8_t kBlack = 251;
inline constexpr std::uint8_t kAccentRamp = 252;  ///< Three blends of kAccent over paper.
inline constexpr std::uint8_t kNoSegment = 255;   ///< Glue, template tokens.
}  // namespace color

/// What the first kColorSteps of a palette are.
enum class Steps {
  kWeights,      ///< The colormap from 0 up.
  kDifferences,  ///< Blue below 0, orange above it, 0 in the middle at kZero, and kUnder.
  kShares,       ///< Pale segment colours, see `pale`.
};

inline constexpr int kDifferenceSteps = kColorSteps - 1;  ///< Odd: there is a middle.
inline constexpr std::uint8_t kZero = kDifferenceSteps / 2;
inline constexpr std::uint8_t kUnder = kDifferenceSteps;  ///< Differences below minus the top.

/// A pale version of the colour of a segment, of the generated text or of none; for Steps::kShares.
std::uint8_t pale(std::uint8_t segment_color) noexcept;

/// Which ink text is set in. On anything but paper all of them become the one that contrasts.
enum class Ink : std::uint8_t { kText, kDim, kAccent };
inline constexpr int kInks = 3;
inline constexpr int kCoverages = 16;

/// Immutable; made once for each Painter.
class Colors {
 public:
  Colors(Colormap colormap, Theme theme, Steps steps = Steps::kWeights);
  const Palette& palette() const noexcept { return palette_; }

  /// What index `under` becomes below ink of `coverage` 0 … 15: the nearest colour of the palette.
  std::uint8_t under_ink(Ink ink, std::uint8_t under, int coverage) const noexcept {
    return under_ink_[static_cast<std::size_t>(ink)][under][static_cast<std::size_t>(coverage)];
  }

 private:
  void find_blends();
  std::uint8_t nearest(const std::array<double, 3>& rgb) const;
  Palette palette_{};
  std::array<std::array<std::array<std::uint8_t, kCoverages>, 256>, kInks> under_ink_{};
};

/// Step `step` of kDifferenceSteps: on either side of kZero a line in Oklab (Ottosson 2020, "A perceptual
/// color space for image processing") along which lightness moves evenly, so that equal sizes of both signs
/// are equally far from the middle, and blue from orange for all kinds of colour vision.
Rgb difference_color(int step, Theme theme) noexcept;

/// Relative luminance as in WCAG 2, 0 … 1.
double luminance(const Rgb& rgb) noexcept;

}  // namespace attnviz::render
