/// The public face: pages are laid out into scenes and drawn.
#include <algorithm>
#include <array>
#include <optional>

#include "attnviz/render.h"
#include "render/colors.h"
#include "render/fonts.h"
#include "render/glyphs.h"
#include "render/overview.h"
#include "render/raster.h"
#include "render/segment_chart.h"
#include "render/shaper.h"
#include "render/token_page.h"

namespace attnviz::render {

class Painter::Impl {
 public:
  Impl(const RenderOptions& options, ColorTop top)
      : options_(options),
        top_(std::move(top)),
        fonts_(options.fonts, options.system_fonts),
        shaper_(fonts_),
        glyphs_(fonts_) {}

  Image token_map(const TokenMap& map) {
    check_shapes(map);
    return draw([&](Pen& pen) {
      draw_token_page(pen, map, top_,
                      [&](const auto& sequence, int width) { return reading(sequence, width); });
    });
  }

  Image overview(std::string_view title, std::span<const HeadSummary> heads,
                 std::span<const Heatmap> summaries) {
    const auto difference = [](const Heatmap& summary) { return summary.difference; };
    const bool any = std::any_of(summaries.begin(), summaries.end(), difference);
    if (any && !(heads.empty() && std::all_of(summaries.begin(), summaries.end(), difference))) {
      throw Error(ErrorKind::kUsage,
                  "an overview cannot show differences beside weights, which have other colours; give it "
                  "differences only");
    }
    return draw([&](Pen& pen) { draw_overview(pen, title, heads, summaries, top_); },
                any ? Steps::kDifferences : Steps::kWeights);
  }

  Image heatmap(const Heatmap& heatmap) {
    return draw([&](Pen& pen) { draw_heatmap_page(pen, heatmap, top_); },
                heatmap.difference ? Steps::kDifferences : Steps::kWeights);
  }

  Image segments(const SegmentChart& chart) {
    return draw([&](Pen& pen) { draw_segment_chart(pen, chart); }, Steps::kShares);
  }

  void use_top(ColorTop top) {
    top_ = std::move(top);
    shaper_.forget_missing();
    readings_.clear();
  }

  std::vector<std::string> missing_characters() const {
    std::vector<std::string> names;
    for (const char32_t code : shaper_.missing()) names.push_back(code_point_name(code));
    return names;
  }

 private:
  template <typename Layout>
  Image draw(const Layout& layout, Steps steps = Steps::kWeights) {
    Scene scene;
    Pen pen{scene, shaper_, options_};
    layout(pen);
    return rasterise(scene, scene.right() + kMargin, scene.bottom() + kMargin, colors(steps), glyphs_);
  }

  const Colors& colors(Steps steps) {
    std::optional<Colors>& made = colors_[static_cast<std::size_t>(steps)];
    if (!made) made.emplace(options_.colormap, options_.theme, steps);
    return *made;
  }

  /// All tokens of a run look at one text (two for an encoder–decoder): its layout is remembered.
  std::shared_ptr<const ReadingLayout> reading(const std::shared_ptr<const Sequence>& sequence, int width) {
    constexpr std::size_t kRemembered = 4;
    for (const Remembered& known : readings_) {
      if (known.sequence == sequence && known.width == width) return known.layout;
    }
    auto layout = std::make_shared<const ReadingLayout>(lay_out_reading(shaper_, *sequence, width));
    if (readings_.size() >= kRemembered) readings_.erase(readings_.begin());
    readings_.push_back({sequence, width, layout});
    return layout;
  }

  struct Remembered {
    std::shared_ptr<const Sequence> sequence;  ///< Held, so that its address stays its own.
    int width;
    std::shared_ptr<const ReadingLayout> layout;
  };

  RenderOptions options_;
  ColorTop top_;
  std::array<std::optional<Colors>, 3> colors_;  ///< Of each Steps, made when needed.
  Fonts fonts_;
  Shaper shaper_;
  Glyphs glyphs_;
  std::vector<Remembered> readings_;
};

Painter::Painter(const RenderOptions& options, ColorTop top)
    : impl_(std::make_unique<Impl>(options, std::move(top))) {}
Painter::~Painter() = default;
Painter::Painter(Painter&&) noexcept = default;
Painter& Painter::operator=(Painter&&) noexcept = default;

Image Painter::token_map(const TokenMap& map) { return impl_->token_map(map); }
Image Painter::overview(std::string_view title, std::span<const HeadSummary> heads,
                        std::span<const Heatmap> summaries) {
  return impl_->overview(title, heads, summaries);
}
Image Painter::heatmap(const Heatmap& heatmap) { return impl_->heatmap(heatmap); }
Image Painter::segments(const SegmentChart& chart) { return impl_->segments(chart); }
void Painter::use_top(ColorTop top) { impl_->use_top(std::move(top)); }
std::vector<std::string> Painter::missing_characters() const { return impl_->missing_characters(); }

}  // namespace attnviz::render
