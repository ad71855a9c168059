#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace attnviz::cli {

/// How fast work goes, over the last 15 to 30 seconds: what was there before a batch was resumed went faster.
class Rate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Rate(Time start) : earlier_{start, 0}, later_{start, 0} {}
  void update(Time now, std::int64_t done);
  /// Units a second; 0 before the first second has passed.
  double per_second() const noexcept { return per_second_; }

 private:
  struct Mark {
    Time time;
    std::int64_t done;
  };
  Mark earlier_, later_;
  double per_second_ = 0;
};

/// "records 240/1000, 4.1/s, 3 min left"; without what is not known: `total` or the rate of 0.
std::string progress_text(std::string_view what, std::int64_t done, std::int64_t total, double per_second);

}  // namespace attnviz::cli
