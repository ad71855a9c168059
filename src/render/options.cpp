/// Names of the drawing options, both ways.
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "attnviz/render.h"

namespace attnviz::render {
namespace {

constexpr std::array<std::string_view, 6> kColormaps = {"viridis", "magma",   "inferno",
                                                        "plasma",  "cividis", "grey"};
constexpr std::array<std::string_view, 3> kScales = {"sqrt", "linear", "log"};
constexpr std::array<std::string_view, 2> kThemes = {"light", "dark"};

/// The enumerator at the place of `name` in `names`.
template <typename Enum, std::size_t n>
Enum parse(std::string_view what, std::string_view name, const std::array<std::string_view, n>& names) {
  std::string choices;
  for (std::size_t i = 0; i < n; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
    choices += (i == 0 ? "" : ", ");
    choices += names[i];
  }
  throw Error(ErrorKind::kUsage,
              "'" + std::string(name) + "' is not a " + std::string(what) + "; choose one of " + choices);
}

}  // namespace

Colormap parse_colormap(std::string_view name) {
  return parse<Colormap>("colormap", name == "gray" ? "grey" : name, kColormaps);
}
ColorScale parse_color_scale(std::string_view name) {
  return parse<ColorScale>("colour scale", name, kScales);
}
Theme parse_theme(std::string_view name) { return parse<Theme>("theme", name, kThemes); }

ScaleTop parse_scale_top(std::string_view name) {
  if (name == "run") return {ScaleTop::Kind::kRun, 0};
  if (name == "map") return {ScaleTop::Kind::kMap, 0};
  double value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc() || end != name.data() + name.size() || !(value > 0 && value <= 1e6)) {
    throw Error(ErrorKind::kUsage,
                "'" + std::string(name) +
                    "' is not a top of the colour scale; choose one of run, map, or a weight above 0");
  }
  return {ScaleTop::Kind::kValue, value};
}

std::string_view to_string(Colormap colormap) noexcept {
  return kColormaps[static_cast<std::size_t>(colormap)];
}
std::string_view to_string(ColorScale scale) noexcept { return kScales[static_cast<std::size_t>(scale)]; }
std::string_view to_string(Theme theme) noexcept { return kThemes[static_cast<std::size_t>(theme)]; }

std::string to_string(const ScaleTop& top) {
  if (top.kind == ScaleTop::Kind::kRun) return "run";
  if (top.kind == ScaleTop::Kind::kMap) return "map";
  std::array<char, 32> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), top.value);
  return std::string(digits.data(), result.ptr);
}

}  // namespace attnviz::render
