/// Pictures of attention: numbers and labels in, palette images and PNG bytes out. Reads no file but fonts.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attnviz/core.h"
#include "attnviz/export.h"

namespace attnviz::render {

enum class Colormap { kViridis, kMagma, kInferno, kPlasma, kCividis, kGrey };
enum class ColorScale { kSqrt, kLinear, kLog };  ///< log: from 1e-4 of weight up, what is below has colour 0.
enum class Theme { kLight, kDark };

/// The weight that gets the last colour. Weights above it are drawn in the over-colour and named in a note.
struct ScaleTop {
  enum class Kind {
    kRun,    ///< The largest of a run outside sinks and special tokens (`ColorTop`): pictures compare.
    kMap,    ///< The same of each panel alone.
    kValue,  ///< `value`.
  };
  Kind kind = Kind::kRun;
  double value = 0;  ///< In (0, 1e6]; only for kValue.
};

/// Names as on the command line: "viridis"; "sqrt"; "run", "map" or a number; "light". Throw kUsage with the
/// choices.
ATTNVIZ_EXPORT Colormap parse_colormap(std::string_view name);
ATTNVIZ_EXPORT ColorScale parse_color_scale(std::string_view name);
ATTNVIZ_EXPORT ScaleTop parse_scale_top(std::string_view name);
ATTNVIZ_EXPORT Theme parse_theme(std::string_view name);
ATTNVIZ_EXPORT std::string_view to_string(Colormap colormap) noexcept;
ATTNVIZ_EXPORT std::string_view to_string(ColorScale scale) noexcept;
ATTNVIZ_EXPORT std::string_view to_string(Theme theme) noexcept;
ATTNVIZ_EXPORT std::string to_string(const ScaleTop& top);  ///< "run", "map" or the number.

struct RenderOptions {
  Colormap colormap = Colormap::kViridis;
  ColorScale scale = ColorScale::kSqrt;
  ScaleTop top;
  Theme theme = Theme::kLight;
  bool annotate = false;           ///< Writes the weights into cells that are large enough.
  std::vector<std::string> fonts;  ///< Font files asked before all others.
  /// Fonts of this machine for what the embedded one lacks; without them the same pixels on any machine.
  bool system_fonts = true;
};

using Rgb = std::array<std::uint8_t, 3>;
using Palette = std::array<Rgb, 256>;  ///< 0–219 the colormap from 0 up, 220–255 paper, ink, and accents.
inline constexpr int kColorSteps = 220;

/// A palette picture: one byte a pixel, rows from the top.
class ATTNVIZ_EXPORT Image {
 public:
  /// Throws kOutput for a side below 1, and for more than 2^31 − 1 bytes, counting one more for each row.
  Image(std::int64_t width, std::int64_t height, const Palette& palette, std::uint8_t fill);
  int width() const noexcept { return width_; }
  int height() const noexcept { return height_; }
  const Palette& palette() const noexcept { return palette_; }
  std::span<const std::uint8_t> pixels() const noexcept { return pixels_; }
  std::span<std::uint8_t> pixels() noexcept { return pixels_; }

 private:
  int width_;
  int height_;
  Palette palette_;
  std::vector<std::uint8_t> pixels_;
};

/// PNG file of `image`, indexed colour. The same image gives the same bytes. Safe from several threads.
ATTNVIZ_EXPORT std::vector<std::uint8_t> encode_png(const Image& image);

/// A source at the first position, or a special one, with a mean weight of at least this is a sink.
inline constexpr double kSinkWeight = 0.3;
/// The most rows and columns of a `HeadSummary::thumbnail`.
inline constexpr int kThumbnailSide = 96;
/// How many neighbouring sources share a column, drawn with their largest weight: 1 up to 4,096 sources.
ATTNVIZ_EXPORT std::int64_t sources_per_column(std::int64_t sources) noexcept;

/// The top of the colour scales of a run: of each kind of attention under each reduction, and of its single
/// heads, the largest finite weight outside of sinks and special tokens. Maps may come in any order.
class ATTNVIZ_EXPORT ColorTop {
 public:
  void add(const TokenMap& map);
  /// `reduction`: null for single heads. 0 where nothing was added.
  double of(AttentionKind kind, const ReductionInfo* reduction) const;

 private:
  std::map<std::pair<AttentionKind, const ReductionInfo*>, double> tops_;
};

/// Any matrix of weights, as a library user has it, or the outputs × sources summary of one reduction.
struct Heatmap {
  std::string title;                          ///< One line above it.
  AttentionKind kind = AttentionKind::kSelf;  ///< With `reduction` says which top of a run it shares.
  const ReductionInfo* reduction = nullptr;   ///< Of the table; null: it has a top of its own.
  Matrix weights;                             ///< ≥ 0 (signed for a difference); not finite: hatched.
  bool difference = false;    ///< Signed weights: a diverging map, 0 in the middle, up to the largest |w|.
  std::optional<double> top;  ///< Above 0: the last colour's weight, whatever is shared.
  std::vector<std::uint8_t> masked;        ///< [rows, columns], 1: the row cannot see it; empty: all visible.
  std::vector<std::string> row_labels;     ///< [rows], or empty.
  std::vector<std::string> column_labels;  ///< [columns], or empty.
  std::vector<std::int64_t> row_positions;     ///< [rows]: written before the labels; empty: none.
  std::vector<std::int64_t> column_positions;  ///< [columns]: written before the labels; empty: none.
  std::string column_unit = "sources";         ///< What a column is, for notes: or "words".
  std::vector<std::uint8_t> special;           ///< [columns], 1: a special token; empty: none.
  std::vector<int> segments;                   ///< [columns]: of `segment_names`, -1 for none; empty: no bar.
  std::vector<std::string> segment_names;      ///< Each distinct one that is not empty has a colour.
};

/// Where each output token of an answer looked: a stacked bar for each, from its masses on the segments.
struct SegmentChart {
  std::string title;
  std::vector<std::string> names;    ///< Segments in the order of the text; "" is glue and template tokens.
  std::vector<std::string> outputs;  ///< Label of each output token, in order.
  Matrix masses;                     ///< [outputs, names], ≥ 0, rows sum to 1.
};

/// Draws. Deterministic: the same options and input give the same pixels, in any order of calls. Not for two
/// threads at once: give each its own, made from the same options.
class ATTNVIZ_EXPORT Painter {
 public:
  /// Throws kUsage for a font file that cannot be read or is none. `top` is used with ScaleTop::Kind::kRun;
  /// kinds and reductions that it does not know get the top of the map.
  explicit Painter(const RenderOptions& options, ColorTop top = {});
  ~Painter();
  Painter(Painter&&) noexcept;
  Painter& operator=(Painter&&) noexcept;

  /// Title; for each view the reading view (where there is text), a layers × sources heatmap for each
  /// reduction with its overall row, heads × sources for each layer where `per_head` is there, and the
  /// segments' masses where named. Throws kUsage when shapes do not agree.
  Image token_map(const TokenMap& map);

  /// Layers × heads thumbnails with captions, the mean over heads and over layers, and beside them the
  /// summaries at full size. Either part may be empty, not both. Throws kUsage when shapes do not agree.
  Image overview(std::string_view title, std::span<const HeadSummary> heads,
                 std::span<const Heatmap> summaries);

  /// One matrix with its labels and colour bar. Throws kUsage when shapes do not agree.
  Image heatmap(const Heatmap& heatmap);

  /// Stacked bars with their axis and a legend of names and mean masses. Of each bar the largest share of a
  /// named segment is in full colour, the others are pale. Throws kUsage when shapes do not agree, for a mass
  /// below 0 or not finite, and for a row that does not sum to 1 within 0.01.
  Image segments(const SegmentChart& chart);

  /// From now on pictures are of another run: they share its colours, and missing_characters() begins anew.
  /// What was loaded stays.
  void use_top(ColorTop top);

  /// Code points drawn since the last use_top() that no font had, as "U+1F680", in order; they were drawn as
  /// boxes with these digits.
  std::vector<std::string> missing_characters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace attnviz::render

namespace attnviz {

using render::Colormap, render::ColorScale, render::Theme, render::ScaleTop, render::RenderOptions;
using render::ColorTop, render::Heatmap, render::SegmentChart, render::Painter;
using render::encode_png, render::Image, render::Rgb, render::Palette, render::kColorSteps;
using render::kSinkWeight, render::kThumbnailSide, render::sources_per_column;
using render::parse_colormap, render::parse_color_scale, render::parse_scale_top, render::parse_theme;
using render::to_string;

}  // namespace attnviz
