#include "run/ordered_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
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

/// While it lives, this process can have `bytes` more memory than it has now, of which each stack of a thread
/// takes some.
class LittleMemory {
 public:
  explicit LittleMemory(rlim_t bytes) {
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    ::getrlimit(RLIMIT_AS, &old_);
    const rlimit little{pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_AS, &little);
  }
  ~LittleMemory() { ::setrlimit(RLIMIT_AS, &old_); }
  LittleMemory(const LittleMemory&) = delete;
  LittleMemory& operator=(const LittleMemory&) = delete;

 private:
  rlimit old_{};
};

TEST(ForEachItem, DoesWithTheThreadsThatStart) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need more memory than this leaves";
#endif
  for (const rlim_t left : {rlim_t{512} << 10U, rlim_t{100} << 20U}) {
    std::vector<std::atomic<int>> done(2000);
    const LittleMemory little(left);
    for_each_item(
        2000, 500, [&](int, std::int64_t item) { ++done[static_cast<std::size_t>(item)]; },
        [](std::int64_t) {});
    for (const auto& count : done) EXPECT_EQ(count, 1);
  }
}

TEST(ForEachItem, OfNothingDoesNothing) {
  for_each_item(
      0, 4, [](int, std::int64_t) { FAIL(); }, [](std::int64_t) {});
}

}  // namespace
}  // namespace attnviz::run
