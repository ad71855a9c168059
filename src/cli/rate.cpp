#include "cli/rate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace attnviz::cli {
namespace {

constexpr auto kWindow = std::chrono::seconds(15);

std::string rounded(double value) {
  std::array<char, 32> text{};
  const int digits = value < 9.95 ? 1 : 0;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, digits).ptr;
  return {text.data(), end};
}

std::string time_left(double seconds) {
  if (seconds < 90) return std::to_string(std::max(1L, std::lround(seconds))) + " s";
  return seconds < 5400 ? std::to_string(std::lround(seconds / 60)) + " min" : rounded(seconds / 3600) + " h";
}

}  // namespace

void Rate::update(Time now, std::int64_t done) {
  const double seconds = std::chrono::duration<double>(now - earlier_.time).count();
  if (seconds >= 1) per_second_ = static_cast<double>(done - earlier_.done) / seconds;
  if (now - later_.time < kWindow) return;
  earlier_ = later_;
  later_ = {now, done};
}

std::string progress_text(std::string_view what, std::int64_t done, std::int64_t total, double per_second) {
  std::string text = std::string(what) + ' ' + std::to_string(done);
  if (total > 0) text += '/' + std::to_string(total);
  if (per_second <= 0) return text;
  text += per_second < 0.95 ? ", " + rounded(per_second * 60) + "/min" : ", " + rounded(per_second) + "/s";
  if (total > done) text += ", " + time_left(static_cast<double>(total - done) / per_second) + " left";
  return text;
}

}  // namespace attnviz::cli
