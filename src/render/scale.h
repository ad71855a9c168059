/// From weights to colour steps and back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "attnviz/render.h"

namespace attnviz::render {

/// A colour scale from 0 (log: 1e-4, or a hundredth of a smaller top) up to `top`.
class Scale {
 public:
  /// `top` not above 0 becomes 1.
  Scale(ColorScale kind, double top);
  double top() const noexcept { return top_; }

  /// Where `weight` lies on the scale, 0 … 1; above 1 for what is above the top. NaN for what is not finite.
  double place(double weight) const noexcept;
  /// The weight at `place` 0 … 1.
  double weight(double place) const noexcept;
  /// Palette index: a colour step, color::kOver above the top, color::kHatch for what is not finite.
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
  ColorScale kind_;
  double top_;
  double floor_;
};

/// A weight for people: "0", "0.93", "0.012", "3.1e-4".
std::string weight_text(double weight, int digits = 2);
/// A share in hundredths: "0.43", "0.10", "<0.01".
std::string share_text(double share);

/// Which columns are sinks: special or first, and mean of the finite, visible weights at least kSinkWeight.
/// `masked` and `special` may be empty.
std::vector<std::uint8_t> sink_columns(const Matrix& weights, std::span<const std::uint8_t> masked,
                                       std::span<const std::uint8_t> special, bool first_can_be_sink);

/// The largest finite visible weight outside of `left_out` columns; 0 for none. `masked`, `left_out` may be
/// empty.
double largest_weight(const Matrix& weights, std::span<const std::uint8_t> masked,
                      std::span<const std::uint8_t> left_out);

}  // namespace attnviz::render
