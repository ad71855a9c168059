#include "render/segment_chart.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "render/segments.h"
#include "render/unicode.h"

namespace attnviz::render {
namespace {

constexpr int kPlotHeight = 300;
constexpr int kWidestPlot = 1380;
constexpr int kWidestBar = 48;
constexpr int kStripHeight = 8;
constexpr int kStripGap = 13;  ///< Below the plot: half of the tick of 0, half of the name of the strip.
constexpr int kLegendName = 180;
constexpr int kLegendFigure = 52;  ///< Width of a column of the legend.
constexpr int kLegendPitch = 18;
constexpr double kSumTolerance = 0.01;

[[noreturn]] void refuse(const SegmentChart& chart, const std::string& what) {
  throw Error(ErrorKind::kUsage, "segment chart '" + chart.title + "' " + what);
}

void check(const SegmentChart& chart) {
  const auto outputs = static_cast<std::int64_t>(chart.outputs.size());
  const auto names = static_cast<std::int64_t>(chart.names.size());
  if (outputs == 0 || names == 0) refuse(chart, "has nothing to draw; give it an output and a segment");
  if (chart.masses.rows != outputs || chart.masses.columns != names ||
      static_cast<std::int64_t>(chart.masses.values.size()) != outputs * names) {
    refuse(chart, "has masses of " + std::to_string(chart.masses.rows) + " × " +
                      std::to_string(chart.masses.columns) + " where " + std::to_string(outputs) +
                      " outputs × " + std::to_string(names) + " segments were expected");
  }
  for (std::int64_t output = 0; output < outputs; ++output) {
    double sum = 0;
    for (std::int64_t name = 0; name < names; ++name) {
      const double mass = chart.masses.at(output, name);
      if (!(mass >= 0) || !std::isfinite(mass)) {
        refuse(chart, "has a mass of " + weight_text(mass) + " for output " + std::to_string(output) +
                          "; shares from 0 to 1 were expected");
      }
      sum += mass;
    }
    if (std::abs(sum - 1) > kSumTolerance) {
      refuse(chart, "has masses that sum to " + weight_text(sum, 3) + " for output " +
                        std::to_string(output) + "; a sum of 1 was expected");
    }
  }
}

class Chart {
 public:
  Chart(Pen& pen, const SegmentChart& chart)
      : pen_(pen), chart_(chart), places_(segment_places(chart.names)) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i] != kGluePlace) order_.push_back(i);
    }
    named_ = order_.size();
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i] == kGluePlace) order_.push_back(i);
    }
    columns_.sources = static_cast<std::int64_t>(chart.outputs.size());
    columns_.bin = sources_per_column(columns_.sources);
    columns_.cell_width = std::clamp(kWidestPlot / columns_.count(), 1, kWidestBar);
    columns_.unit = "outputs";
    for (const std::string& output : chart.outputs)
      columns_.labels.push_back(label_text(output, kLabelGraphemes));
    columns_.left = kMargin + 18 + pen.shaper.line("largest", kLabelSize)->pixels() + 8;
    plot_right_ = columns_.left + std::max(columns_.width(), kNarrowest / 2);
    most_.assign(places_.size(), 0);
  }

  void draw() {
    const auto title = pen_.shaper.line_within(label_text(chart_.title, 120), kTitleSize, right() - kMargin);
    int y = pen_.scene.text(title, kMargin, kMargin - 4, Ink::kText, Role::kTitle).bottom() + 4;
    std::string note = "full colour: the largest share of a named segment";
    if (columns_.bin > 1)
      note +=
          " · " + std::to_string(columns_.bin) + " neighbouring outputs share a bar, drawn with their mean";
    y = pen_.scene
            .text(pen_.shaper.line_within(note, kLabelSize, right() - kMargin), kMargin, y, Ink::kDim,
                  Role::kNote)
            .bottom() +
        16;
    draw_scale(y);
    for (int bar = 0; bar < columns_.count(); ++bar) draw_bar(bar, y);
    draw_legend(y);
    y += kPlotHeight + kStripGap;
    const auto strip = pen_.shaper.line("largest", kLabelSize);
    pen_.scene.text(strip, columns_.left - 8 - strip->pixels(),
                    y + (kStripHeight - line_height(kLabelSize)) / 2, Ink::kDim, Role::kRow);
    draw_axis(pen_, columns_, y + kStripHeight + 1, plot_right_);
  }

 private:
  int legend_left() const { return plot_right_ + 32; }
  int right() const { return legend_left() + 18 + kLegendName + 2 * kLegendFigure; }

  /// Mean masses of the outputs that share `bar`, one for each name.
  std::vector<double> shares_of(int bar) const {
    const std::int64_t first = bar * columns_.bin;
    const std::int64_t last = std::min(first + columns_.bin, columns_.sources);
    std::vector<double> shares(places_.size(), 0);
    for (std::int64_t output = first; output < last; ++output) {
      for (std::size_t i = 0; i < shares.size(); ++i)
        shares[i] += chart_.masses.at(output, static_cast<std::int64_t>(i));
    }
    for (double& share : shares) share /= static_cast<double>(last - first);
    return shares;
  }

  /// The named segment with the largest share; the number of names where all have none.
  std::size_t largest(const std::vector<double>& shares) const {
    std::size_t best = shares.size();
    for (std::size_t i = 0; i < named_; ++i) {
      const std::size_t name = order_[i];
      if (shares[name] > (best == shares.size() ? 0 : shares[best])) best = name;
    }
    return best;
  }

  void draw_scale(int y) {
    const int width = plot_right_ - columns_.left;
    for (int quarter = 0; quarter <= 4; ++quarter) {
      const int at = y + kPlotHeight - quarter * kPlotHeight / 4;
      pen_.scene.fill({columns_.left - 4, at - (quarter == 4 ? 1 : 0), width + 4, 1}, color::kHair);
      const auto text = pen_.shaper.line(weight_text(quarter * 0.25), kLabelSize);
      pen_.scene.text(text, columns_.left - 8 - text->pixels(), at - line_height(kLabelSize) / 2, Ink::kDim,
                      Role::kTick);
    }
    const auto name = pen_.shaper.line("share of the attention", kLabelSize);
    pen_.scene.text_up(name, kMargin, y + (kPlotHeight - name->pixels()) / 2, Ink::kDim, Role::kRow);
  }

  void draw_bar(int bar, int y) {
    const std::vector<double> shares = shares_of(bar);
    const std::size_t most = largest(shares);
    const int pitch = columns_.cell_width;
    const int gap = pitch >= 24 ? 4 : pitch >= 10 ? 2 : pitch >= 4 ? 1 : 0;
    const int x = columns_.left + bar * pitch + gap / 2;
    const int width = pitch - gap;
    double below = 0;
    for (const double share : shares) below += share;
    for (const std::size_t name : order_) {
      const int top = y + kPlotHeight - static_cast<int>(std::lround(std::min(1.0, below) * kPlotHeight));
      below -= shares[name];
      const int bottom = y + kPlotHeight - static_cast<int>(std::lround(std::max(0.0, below) * kPlotHeight));
      if (bottom <= top) continue;
      Swatch swatch = swatch_of(places_[name]);
      if (name != most) swatch.color = pale(swatch.color);
      pen_.scene.fill({x, top, width, bottom - top}, swatch);
      if (name == most && swatch.texture == Texture::kPlain) write_share(shares[name], x, width, top, bottom);
    }
    if (most == shares.size()) return;
    ++most_[most];
    pen_.scene.fill({x, y + kPlotHeight + kStripGap, width, kStripHeight}, swatch_of(places_[most]));
  }

  void write_share(double share, int x, int width, int top, int bottom) {
    const auto text = pen_.shaper.line(share_texts({&share, 1})[0], kCellTextSize);
    const int height = line_height(kCellTextSize);
    if (text->pixels() + 2 > width || height > bottom - top) return;
    pen_.scene.text(text, x + (width - text->pixels()) / 2, (top + bottom - height) / 2, Ink::kText,
                    Role::kCell);
  }

  /// Names in the order of the stack, their mean masses, and of how many bars each is the largest.
  void draw_legend(int y) {
    const int left = legend_left();
    const int mean_right = left + 18 + kLegendName + kLegendFigure - 8;
    const int most_right = mean_right + kLegendFigure;
    const auto figure = [&](const std::string& text, int right, Ink ink, int top) {
      const auto shaped = pen_.shaper.line(text, kLabelSize);
      pen_.scene.text(shaped, right - shaped->pixels(), top, ink, Role::kSegment);
    };
    figure("mean", mean_right, Ink::kDim, y);
    figure("largest", most_right, Ink::kDim, y);
    std::vector<double> means(places_.size(), 0);
    for (std::int64_t output = 0; output < columns_.sources; ++output) {
      for (std::size_t i = 0; i < means.size(); ++i)
        means[i] +=
            chart_.masses.at(output, static_cast<std::int64_t>(i)) / static_cast<double>(columns_.sources);
    }
    const std::vector<std::string> texts = share_texts(means);
    const std::size_t top =
        static_cast<std::size_t>(std::max_element(most_.begin(), most_.end()) - most_.begin());
    for (const std::size_t name : order_) {
      y += kLegendPitch;
      const bool named = places_[name] != kGluePlace;
      const Ink ink = named && most_[name] > 0 && name == top ? Ink::kText : Ink::kDim;
      pen_.scene.fill({left, y + 1, 11, 11}, swatch_of(places_[name]));
      const std::string label = named ? label_text(chart_.names[name], 1000) : kOutsideName;
      pen_.scene.text(pen_.shaper.line_within(label, kLabelSize, kLegendName), left + 18, y,
                      named ? Ink::kText : Ink::kDim, Role::kSegment);
      figure(texts[name], mean_right, Ink::kText, y);
      if (named) figure(std::to_string(most_[name]), most_right, ink, y);
    }
  }

  Pen& pen_;
  const SegmentChart& chart_;
  std::vector<int> places_;         ///< Of each name.
  std::vector<std::size_t> order_;  ///< Names from the top of a stack down: glue is last.
  std::size_t named_ = 0;           ///< How many of `order_` are no glue.
  Columns columns_;
  int plot_right_ = 0;
  std::vector<std::int64_t> most_;  ///< Of how many bars each name is the largest.
};

}  // namespace

void draw_segment_chart(Pen& pen, const SegmentChart& chart) {
  check(chart);
  Chart(pen, chart).draw();
}

}  // namespace attnviz::render
