#include "cli/rate.h"

#include <gtest/gtest.h>

namespace attnviz::cli {
namespace {

using namespace std::chrono_literals;

TEST(Rate, IsOverTheLastHalfMinute) {
  const Rate::Time start;
  Rate rate(start);
  EXPECT_EQ(rate.per_second(), 0);
  rate.update(start + 500ms, 900);
  EXPECT_EQ(rate.per_second(), 0) << "too early to tell";
  rate.update(start + 2s, 904);
  EXPECT_DOUBLE_EQ(rate.per_second(), 452);
  std::int64_t done = 904;
  for (auto now = start + 3s; now <= start + 60s; now += 1s) rate.update(now, done += 2);
  EXPECT_DOUBLE_EQ(rate.per_second(), 2) << "what a resumed batch passed over at first is forgotten";
}

TEST(ProgressText, SaysHowFarHowFastAndHowLongYet) {
  EXPECT_EQ(progress_text("records", 240, 1000, 4.12), "records 240/1000, 4.1/s, 3 min left");
  EXPECT_EQ(progress_text("records", 240, 1000, 52.7), "records 240/1000, 53/s, 14 s left");
  EXPECT_EQ(progress_text("records", 999, 1000, 52.7), "records 999/1000, 53/s, 1 s left");
  EXPECT_EQ(progress_text("records", 10, 100'000, 0.5), "records 10/100000, 30/min, 56 h left");
}

TEST(ProgressText, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(progress_text("records", 3, 0, 2), "records 3, 2.0/s");
  EXPECT_EQ(progress_text("generating", 3, 8, 0), "generating 3/8");
}

}  // namespace
}  // namespace attnviz::cli
