#include "run/ordered_pool.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace attnviz::run {
namespace {

class Pool {
 public:
  Pool(std::int64_t items, const std::function<void(int, std::int64_t)>& work) : items_(items), work_(work) {}

  void run(int worker) {
    for (;;) {
      std::int64_t item = 0;
      {
        const std::scoped_lock lock(mutex_);
        if (next_ == items_ || error_) break;
        item = next_++;
      }
      try {
        work_(worker, item);
      } catch (...) {
        const std::scoped_lock lock(mutex_);
        if (!error_ || item < failed_) {
          error_ = std::current_exception();
          failed_ = item;
        }
      }
      const std::scoped_lock lock(mutex_);
      ++done_;
      changed_.notify_one();
    }
    const std::scoped_lock lock(mutex_);
    ++stopped_;
    changed_.notify_one();
  }

  /// Reports until `workers` threads have stopped. A report that throws (an interruption) stops the others.
  void watch(int workers, const std::function<void(std::int64_t)>& finished) {
    std::unique_lock lock(mutex_);
    while (stopped_ < workers) {
      changed_.wait_for(lock, std::chrono::milliseconds(100));
      const std::int64_t done = done_;
      if (done == items_) continue;  // the last report follows when all is joined
      lock.unlock();
      try {
        finished(done);
      } catch (...) {
        lock.lock();
        if (!error_) error_ = std::current_exception();
        continue;
      }
      lock.lock();
    }
  }

  std::exception_ptr error() const { return error_; }

 private:
  const std::int64_t items_;
  const std::function<void(int, std::int64_t)>& work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t next_ = 0, done_ = 0, failed_ = 0;
  int stopped_ = 0;
  std::exception_ptr error_;
};

/// All on this thread.
void for_each_here(std::int64_t items, const std::function<void(int, std::int64_t)>& work,
                   const std::function<void(std::int64_t)>& finished) {
  for (std::int64_t item = 0; item < items; ++item) {
    work(0, item);
    finished(item + 1);
  }
}

/// `count` threads that run `pool`, or as many as the system lets start.
std::vector<std::jthread> start_threads(int count, Pool& pool) {
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  try {
    for (int worker = 0; worker < count; ++worker)
      threads.emplace_back([&pool, worker] { pool.run(worker); });
  } catch (const std::system_error&) {
    // Those that are there do it.
  }
  return threads;
}

}  // namespace

void for_each_item(std::int64_t items, int workers, const std::function<void(int, std::int64_t)>& work,
                   const std::function<void(std::int64_t)>& finished) {
  if (workers <= 1 || items <= 1) return for_each_here(items, work, finished);
  Pool pool(items, work);
  {
    const auto threads = start_threads(static_cast<int>(std::min<std::int64_t>(workers, items)), pool);
    if (threads.empty()) return for_each_here(items, work, finished);
    pool.watch(static_cast<int>(threads.size()), finished);
  }
  if (pool.error()) std::rethrow_exception(pool.error());
  finished(items);
}

}  // namespace attnviz::run
