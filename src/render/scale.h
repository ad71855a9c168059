/// From weights to colour steps and back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "attnviz/render.h"

namespace attnviz::render {

/// A colour scale from 0 (log: 1e-4, or a hundredth of a smaller top) up to `top`; of differences the same
/// mirrored at 0, from −`top` on.
class Scale {
 public:
  /// `top` not above 0 becomes 1.
  Scale(ColorScale kind, double top, bool difference = false);
  double top() const noexcept { return top_; }
  bool is_difference() const noexcept { return difference_; }
  /// Whether `weight` is beyond the top, by more than float32 noise.
  bool clips(double weight) const noexcept;
  int steps() const noexcept;  ///< Palette indexes 0 … steps − 1 are the scale from its low end up.

  /// Where `weight` lies on the scale, 0 … 1 (0 is at 0.5 of a difference scale); beyond for what is clipped.
  /// NaN for what is not finite.
  double place(double weight) const noexcept;
  /// The weight at `place` 0 … 1.
  double weight(double place) const noexcept;
  /// Palette index: a colour step, color::kOver above the top, kUnder below minus the top of differences,
  /// color::kHatch for what is not finite.
  std::uint8_t color(double weight) const noexcept;

  struct Tick {
    double weight;
    double place;
    std::string text;
  };
  /// Ticks at round weights and at the top, so that neighbours are at least `apart` of the bar's length from
  /// each other.
  std::vector<Tick> ticks(double apart) const;

 private:
  double one_side(double size) const noexcept;
  double one_side_weight(double place) const noexcept;
  std::vector<Tick> one_side_ticks(double apart) const;
  ColorScale kind_;
  double top_;
  double floor_;
  bool difference_;
};

/// A top close to 1 as 1: where weights end there anyway, none needs to be clipped.
double whole_top(double top) noexcept;

/// A weight for people: "0", "0.93", "0.012", "3.1e-4", "−0.2".
std::string weight_text(double weight, int digits = 2);
/// Which columns are sinks: special or first, and mean of the finite, visible weights at least kSinkWeight.
/// `masked` and `special` may be empty.
std::vector<std::uint8_t> sink_columns(const Matrix& weights, std::span<const std::uint8_t> masked,
                                       std::span<const std::uint8_t> special, bool first_can_be_sink);

/// The largest finite visible weight outside of `left_out` columns, by its size without its sign; 0 for
/// none. `masked`, `left_out` may be empty.
double largest_weight(const Matrix& weights, std::span<const std::uint8_t> masked,
                      std::span<const std::uint8_t> left_out);

}  // namespace attnviz::render
