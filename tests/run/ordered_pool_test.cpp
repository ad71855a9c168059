#include "run/ordered_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace attnviz::run {
namespace {

TEST(ForEachItem, DoesEveryItemOnce) {
  for (const int workers : {1, 2, 7}) {
    std::vector<std::atomic<int>> done(100);
    std::int64_t last = 0;
    for_each_item(
        100, workers,
        [&](int worker, std::int64_t item) {
          EXPECT_LT(worker, workers);
          ++done[static_cast<std::size_t>(item)];
        },
        [&](std::int64_t count) {
          EXPECT_GE(count, last);
          last = count;
        });
    for (const auto& count : done) EXPECT_EQ(count, 1);
    EXPECT_EQ(last, 100);
  }
}

TEST(ForEachItem, ThrowsTheErrorOfTheLowestItemAndBeginsNoMore) {
  for (const int workers : {1, 3}) {
    std::atomic<int> begun = 0;
    const auto work = [&](int, std::int64_t item) {
      ++begun;
      if (item >= 5) throw std::runtime_error(std::to_string(item));
    };
    try {
      for_each_item(10000, workers, work, [](std::int64_t) {});
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "5");
    }
    EXPECT_LT(begun, 10000);
  }
}

TEST(ForEachItem, StopsWhenAReportThrows) {
  for (const int workers : {1, 3}) {
    std::atomic<int> begun = 0;
    std::atomic<bool> reported = false;
    const auto work = [&](int, std::int64_t item) {
      ++begun;
      while (item >= 1000 && !reported) std::this_thread::yield();  // however late the report comes
    };
    const auto stop = [&](std::int64_t) {
      reported = true;
      throw std::runtime_error("stop");
    };
    EXPECT_THROW(for_each_item(1'000'000, workers, work, stop), std::runtime_error);
    EXPECT_LT(begun, 1'000'000);
  }
}

TEST(ForEachItem, OfNothingDoesNothing) {
  for_each_item(
      0, 4, [](int, std::int64_t) { FAIL(); }, [](std::int64_t) {});
}

}  // namespace
}  // namespace attnviz::run
