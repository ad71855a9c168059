#include "render/colors.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "render/colormap_tables.h"

namespace attnviz::render {
namespace {

Rgb unpack(std::uint32_t rgb) {
  return {static_cast<std::uint8_t>(rgb >> 16), static_cast<std::uint8_t>(rgb >> 8),
          static_cast<std::uint8_t>(rgb)};
}

Rgb mix(const Rgb& from, const Rgb& to, double part) {
  Rgb result{};
  for (std::size_t i = 0; i < 3; ++i) {
    result[i] = static_cast<std::uint8_t>(std::lround(from[i] + (to[i] - from[i]) * part));
  }
  return result;
}

/// Oklab to 8-bit sRGB, both matrices as Ottosson gives them.
Rgb from_oklab(double lightness, double a, double b) {
  const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
  const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
  const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
  const std::array<double, 3> linear = {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                                        -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                                        -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
  Rgb rgb{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double c = std::clamp(linear[i], 0.0, 1.0);
    const double coded = c <= 0.0031308 ? 12.92 * c : 1.055 * std::pow(c, 1 / 2.4) - 0.055;
    rgb[i] = static_cast<std::uint8_t>(std::lround(255 * coded));
  }
  return rgb;
}

struct ThemeColors {
  std::uint32_t paper, ink, masked, hatch, accent, no_segment;
  std::array<std::uint32_t, color::kSegmentCount> segments;
};

// Segment swatches: Okabe and Ito's set for all kinds of colour vision, softened; the accent is none of them.
constexpr ThemeColors kLightTheme = {
    0xffffff,
    0x1c2026,
    0xd9dce0,
    0x9aa1a9,
    0xd1246b,
    0xc9cdd2,
    {0x4c9bd6, 0xe09f2d, 0x2fa37c, 0xb98ad0, 0xcf6f3c, 0x86b84e, 0x4b6fb5, 0xa58a5f}};
constexpr ThemeColors kDarkTheme = {
    0x15181d,
    0xe9ecf0,
    0x363b43,
    0x7b838d,
    0xff5c9d,
    0x4b515a,
    {0x4c9bd6, 0xe09f2d, 0x2fa37c, 0xb98ad0, 0xcf6f3c, 0x86b84e, 0x5f85cf, 0xa58a5f}};

/// Strikingly not of the colormap.
std::uint32_t over_color(Colormap colormap) {
  switch (colormap) {
    case Colormap::kViridis:
    case Colormap::kCividis:
    case Colormap::kGrey: return 0xe4432f;
    case Colormap::kMagma:
    case Colormap::kInferno:
    case Colormap::kPlasma: return 0x19b5c4;
  }
  return 0;
}

void put_colormap(Palette& palette, Colormap colormap, Theme theme) {
  const std::array<std::uint32_t, kColorSteps>* table = nullptr;
  switch (colormap) {
    case Colormap::kViridis: table = &kViridis; break;
    case Colormap::kMagma: table = &kMagma; break;
    case Colormap::kInferno: table = &kInferno; break;
    case Colormap::kPlasma: table = &kPlasma; break;
    case Colormap::kCividis: table = &kCividis; break;
    case Colormap::kGrey: break;
  }
  const Rgb low = theme == Theme::kLight ? unpack(0xf4f4f4) : unpack(0x23272d);
  const Rgb high = theme == Theme::kLight ? unpack(0x101010) : unpack(0xf5f5f5);
  for (std::size_t i = 0; i < kColorSteps; ++i) {
    palette[i] =
        table != nullptr ? unpack((*table)[i]) : mix(low, high, static_cast<double>(i) / (kColorSteps - 1));
  }
}

void put_differences(Palette& palette, Theme theme) {
  for (int step = 0; step < kDifferenceSteps; ++step)
    palette[static_cast<std::size_t>(step)] = difference_color(step, theme);
  palette[kUnder] = unpack(theme == Theme::kLight ? 0x00695c : 0x4de0c0);
  palette[color::kOver] = unpack(theme == Theme::kLight ? 0x7b1fa2 : 0xd98cf5);
}

void put_shares(Palette& palette) {
  constexpr double kPale = 0.72;
  for (int i = 0; i < color::kSegmentCount; ++i) {
    const auto strong = static_cast<std::uint8_t>(color::kSegments + i);
    palette[pale(strong)] = mix(palette[strong], palette[color::kPaper], kPale);
  }
  for (const std::uint8_t strong : {color::kNoSegment, static_cast<std::uint8_t>(color::kAccentRamp + 1)})
    palette[pale(strong)] = mix(palette[strong], palette[color::kPaper], 0.6);
}

double contrast(double a, double b) { return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05); }

bool is_paper(std::size_t index) { return index >= color::kPaper && index <= color::kInk; }

}  // namespace

double luminance(const Rgb& rgb) noexcept {
  constexpr std::array<double, 3> kWeights = {0.2126, 0.7152, 0.0722};
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double c = rgb[i] / 255.0;
    sum += kWeights[i] * (c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
  }
  return sum;
}

Rgb difference_color(int step, Theme theme) noexcept {
  struct Line {
    double middle, end, chroma, blue,
        orange;  // lightness, lightness, Oklab chroma at the end, hues in degrees
  };
  constexpr Line kLight = {0.965, 0.45, 0.130, 255, 42};
  constexpr Line kDark = {0.270, 0.78, 0.115, 245, 55};
  const Line& line = theme == Theme::kLight ? kLight : kDark;
  const double t = std::abs(step - kZero) / static_cast<double>(kZero);
  const double lightness = line.middle + (line.end - line.middle) * t;
  const double chroma = line.chroma * t * (2 - t);
  const double hue = (step < kZero ? line.blue : line.orange) * std::acos(-1.0) / 180;
  return from_oklab(lightness, chroma * std::cos(hue), chroma * std::sin(hue));
}

std::uint8_t pale(std::uint8_t segment_color) noexcept {
  if (segment_color == color::kNoSegment) return color::kSegmentCount;
  if (segment_color == color::kAccentRamp + 1) return color::kSegmentCount + 1;
  return static_cast<std::uint8_t>(segment_color - color::kSegments);
}

Colors::Colors(Colormap colormap, Theme theme, Steps steps) {
  const ThemeColors& own = theme == Theme::kLight ? kLightTheme : kDarkTheme;
  put_colormap(palette_, colormap, theme);
  for (std::size_t i = color::kPaper; i <= color::kInk; ++i) {
    const double part = static_cast<double>(i - color::kPaper) / (color::kInk - color::kPaper);
    palette_[i] = mix(unpack(own.paper), unpack(own.ink), part);
  }
  palette_[color::kOver] = unpack(over_color(colormap));
  // A grey of the colormap must not pass for "masked".
  const std::uint32_t tinted = theme == Theme::kLight ? 0xcfdcee : 0x2c3c55;
  palette_[color::kMasked] = unpack(colormap == Colormap::kGrey ? tinted : own.masked);
  palette_[color::kHatch] = unpack(own.hatch);
  palette_[color::kAccent] = unpack(own.accent);
  for (std::size_t i = 0; i < color::kSegmentCount; ++i)
    palette_[color::kSegments + i] = unpack(own.segments[i]);
  palette_[color::kWhite] = unpack(0xffffff);
  palette_[color::kBlack] = unpack(0x000000);  // against it or white, 4.5 : 1 is always reached
  for (std::size_t i = 0; i < 3; ++i) {
    palette_[color::kAccentRamp + i] =
        mix(palette_[color::kPaper], palette_[color::kAccent], 0.25 * static_cast<double>(i + 1));
  }
  palette_[color::kNoSegment] = unpack(own.no_segment);
  if (steps == Steps::kDifferences) put_differences(palette_, theme);
  if (steps == Steps::kShares) put_shares(palette_);
  find_blends();
}

void Colors::find_blends() {
  const std::array<Rgb, kInks> inks = {palette_[color::kInk], palette_[color::kDim],
                                       palette_[color::kAccent]};
  const double white = luminance(palette_[color::kWhite]);
  const double black = luminance(palette_[color::kBlack]);
  for (std::size_t under = 0; under < 256; ++under) {
    const double below = luminance(palette_[under]);
    const Rgb& contrasting =
        palette_[contrast(below, white) >= contrast(below, black) ? color::kWhite : color::kBlack];
    for (std::size_t ink = 0; ink < kInks; ++ink) {
      const bool accent_ramp = under >= color::kAccentRamp && under < color::kAccentRamp + 3;
      const Rgb& target = is_paper(under) || accent_ramp ? inks[ink] : contrasting;
      for (std::size_t c = 0; c < kCoverages; ++c) {
        const double part = static_cast<double>(c) / (kCoverages - 1);
        std::array<double, 3> rgb{};
        for (std::size_t i = 0; i < 3; ++i)
          rgb[i] = palette_[under][i] + (target[i] - palette_[under][i]) * part;
        under_ink_[ink][under][c] = c == 0 ? static_cast<std::uint8_t>(under) : nearest(rgb);
      }
    }
  }
}

std::uint8_t Colors::nearest(const std::array<double, 3>& rgb) const {
  const auto brightness = [](double r, double g, double b) { return 0.299 * r + 0.587 * g + 0.114 * b; };
  std::uint8_t best = 0;
  double least = std::numeric_limits<double>::max();
  for (std::size_t i = 0; i < 256; ++i) {
    const double r = palette_[i][0] - rgb[0];
    const double g = palette_[i][1] - rgb[1];
    const double b = palette_[i][2] - rgb[2];
    const double light = brightness(r, g, b);
    const double distance = r * r + g * g + b * b + 6 * light * light;  // letters live by their brightness
    if (distance < least) {
      least = distance;
      best = static_cast<std::uint8_t>(i);
    }
  }
  return best;
}

}  // namespace attnviz::render
