#include "render/scale.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "render/colors.h"

namespace attnviz::render {

Scale::Scale(ColorScale kind, double top, bool difference)
    : kind_(kind),
      top_(top > 0 && std::isfinite(top) ? top : 1.0),
      floor_(std::min(1e-4, top_ * 1e-2)),
      difference_(difference) {}

bool Scale::clips(double weight) const noexcept {
  return (difference_ ? std::abs(weight) : weight) > top_ * (1 + 1e-6);
}

int Scale::steps() const noexcept { return difference_ ? kDifferenceSteps : kColorSteps; }

double Scale::place(double weight) const noexcept {
  if (!std::isfinite(weight)) return std::numeric_limits<double>::quiet_NaN();
  if (!difference_) return one_side(weight);
  const double half = one_side(std::abs(weight)) / 2;
  return weight < 0 ? 0.5 - half : 0.5 + half;
}

double Scale::weight(double place) const noexcept {
  if (!difference_) return one_side_weight(place);
  const double size = one_side_weight(std::abs(2 * place - 1));
  return place < 0.5 ? -size : size;
}

double Scale::one_side(double weight) const noexcept {
  switch (kind_) {
    case ColorScale::kSqrt: return std::sqrt(std::max(0.0, weight) / top_);
    case ColorScale::kLinear: return std::max(0.0, weight) / top_;
    case ColorScale::kLog:
      return weight <= floor_ ? 0.0 : std::log(weight / floor_) / std::log(top_ / floor_);
  }
  return 0;
}

double Scale::one_side_weight(double place) const noexcept {
  switch (kind_) {
    case ColorScale::kSqrt: return place * place * top_;
    case ColorScale::kLinear: return place * top_;
    case ColorScale::kLog: return place <= 0 ? 0.0 : floor_ * std::exp(place * std::log(top_ / floor_));
  }
  return 0;
}

std::uint8_t Scale::color(double weight) const noexcept {
  const double where = place(weight);
  if (std::isnan(where)) return color::kHatch;
  if (clips(weight)) return weight < 0 ? kUnder : color::kOver;
  return static_cast<std::uint8_t>(std::lround(std::clamp(where, 0.0, 1.0) * (steps() - 1)));
}

std::vector<Scale::Tick> Scale::ticks(double apart) const {
  if (!difference_) return one_side_ticks(apart);
  std::vector<Tick> right = one_side_ticks(std::min(0.5, 2 * apart));
  std::vector<Tick> result;
  for (auto tick = right.rbegin(); tick != right.rend() && tick->place > 0; ++tick)
    result.push_back({-tick->weight, (1 - tick->place) / 2, "−" + tick->text});
  result.push_back({0, 0.5, "0"});
  for (const Tick& tick : right) {
    if (tick.place > 0) result.push_back({tick.weight, (1 + tick.place) / 2, "+" + tick.text});
  }
  return result;
}

std::vector<Scale::Tick> Scale::one_side_ticks(double apart) const {
  std::vector<Tick> result = {{0.0, 0.0, "0"}, {top_, 1.0, weight_text(top_)}};
  if (kind_ == ColorScale::kLog) result[0] = {floor_, 0.0, "≤" + weight_text(floor_, 1)};
  // Coarse steps first, so that the roundest weights win the room.
  std::vector<double> wanted;
  const double decade = std::pow(10.0, std::floor(std::log10(top_)));
  for (const double lead : {1.0, 5.0, 2.0}) {
    for (int down = 0; down < 5; ++down) wanted.push_back(lead * decade * std::pow(10.0, -down));
  }
  if (kind_ == ColorScale::kLinear) {
    wanted.clear();
    for (const double step : {5.0, 2.0, 1.0, 0.5, 0.2}) {
      std::vector<double> fitting;
      for (int i = 1; i * step * decade < top_ * 0.999; ++i) fitting.push_back(i * step * decade);
      if (!fitting.empty() && step * decade / top_ >= apart) wanted = fitting;
    }
  }
  for (const double weight : wanted) {
    const double where = one_side(weight);
    const bool free = std::all_of(result.begin(), result.end(),
                                  [&](const Tick& tick) { return std::abs(tick.place - where) >= apart; });
    if (where > 0 && where < 1 && free) result.push_back({weight, where, weight_text(weight)});
  }
  std::sort(result.begin(), result.end(), [](const Tick& a, const Tick& b) { return a.place < b.place; });
  return result;
}

double whole_top(double top) noexcept { return top >= 0.9 && top <= 1 ? 1 : top; }

std::string weight_text(double weight, int digits) {
  if (weight < 0) return "−" + weight_text(-weight, digits);
  if (std::isnan(weight)) return "nan";
  if (std::isinf(weight)) return "inf";
  if (weight == 0) return "0";
  std::array<char, 32> text{};
  const bool scientific = weight < 1e-3 || weight >= 1e4;
  std::to_chars_result end{};
  if (scientific) {
    end = std::to_chars(text.data(), text.data() + text.size(), weight, std::chars_format::scientific,
                        digits - 1);
  } else {
    const int before = static_cast<int>(std::floor(std::log10(weight))) + 1;
    end = std::to_chars(text.data(), text.data() + text.size(), weight, std::chars_format::fixed,
                        std::max(0, digits - before));
  }
  std::string result(text.data(), end.ptr);
  const std::size_t point = result.find('.');
  if (point != std::string::npos) {  // "0.10" as "0.1", "2.0e-04" as "2e-04"
    std::size_t last = std::min(result.find('e'), result.size());
    while (result[last - 1] == '0') result.erase(--last, 1);
    if (last == point + 1) result.erase(point, 1);
  }
  if (scientific) {  // "3.1e-04" as "3.1e-4"
    const std::size_t e = result.find('e');
    std::size_t zero = e + 2;
    while (zero + 1 < result.size() && result[zero] == '0') result.erase(zero, 1);
    if (result[e + 1] == '+') result.erase(e + 1, 1);
  }
  return result;
}

std::vector<std::uint8_t> sink_columns(const Matrix& weights, std::span<const std::uint8_t> masked,
                                       std::span<const std::uint8_t> special, bool first_can_be_sink) {
  std::vector<std::uint8_t> sinks(static_cast<std::size_t>(weights.columns), 0);
  for (std::int64_t column = 0; column < weights.columns; ++column) {
    const bool candidate = (column == 0 && first_can_be_sink) ||
                           (!special.empty() && special[static_cast<std::size_t>(column)] != 0);
    if (!candidate) continue;
    double sum = 0;
    std::int64_t seen = 0;
    for (std::int64_t row = 0; row < weights.rows; ++row) {
      const double weight = weights.at(row, column);
      const bool hidden =
          !masked.empty() && masked[static_cast<std::size_t>(row * weights.columns + column)] != 0;
      if (hidden || !std::isfinite(weight)) continue;
      sum += weight;
      ++seen;
    }
    sinks[static_cast<std::size_t>(column)] =
        seen > 0 && sum / static_cast<double>(seen) >= kSinkWeight ? 1 : 0;
  }
  return sinks;
}

double largest_weight(const Matrix& weights, std::span<const std::uint8_t> masked,
                      std::span<const std::uint8_t> left_out) {
  double largest = 0;
  for (std::int64_t row = 0; row < weights.rows; ++row) {
    for (std::int64_t column = 0; column < weights.columns; ++column) {
      if (!left_out.empty() && left_out[static_cast<std::size_t>(column)] != 0) continue;
      const double weight = weights.at(row, column);
      const bool hidden =
          !masked.empty() && masked[static_cast<std::size_t>(row * weights.columns + column)] != 0;
      if (!hidden && std::isfinite(weight)) largest = std::max(largest, std::abs(weight));
    }
  }
  return largest;
}

}  // namespace attnviz::render
