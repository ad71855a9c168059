#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "attnviz/run.h"
#include "run/run_record.h"

namespace attnviz::run {

/// What was said while a record was worked on.
struct Remark {
  enum class Kind { kWarning, kModelWarning, kDetail };
  Kind kind = Kind::kWarning;
  std::string sentence;
};

/// What became of one record, and what was said of it meanwhile.
struct RecordOutcome {
  BatchEntry entry;
  bool has_folder = false;        ///< The folder of `entry.id` is this record's.
  std::vector<Remark> said;       ///< In order.
  std::exception_ptr ends_batch;  ///< What cannot be put down to the record.
  double write_seconds = 0;
};

/// Collects what is said of a record, for the thread that tells it. Says nothing of progress.
class RecordListener final : public Listener {
 public:
  RecordListener(RecordOutcome& outcome, const std::function<bool()>& cancelled)
      : outcome_(outcome), cancelled_(cancelled) {}
  void warning(std::string_view sentence) override { add(Remark::Kind::kWarning, sentence); }
  void model_warning(std::string_view sentence) override { add(Remark::Kind::kModelWarning, sentence); }
  void detail(std::string_view sentence) override { add(Remark::Kind::kDetail, sentence); }
  bool cancelled() const override { return cancelled_(); }

 private:
  void add(Remark::Kind kind, std::string_view sentence) {
    outcome_.said.push_back({kind, std::string(sentence)});
  }

  RecordOutcome& outcome_;
  const std::function<bool()>& cancelled_;
};

/// Calls `work`. What the record is to blame for becomes its error; anything else ends the batch.
void run_for(RecordOutcome& outcome, const std::function<void()>& work);

/// Threads that draw and write records, and the outcomes in the order of the records. For one calling thread.
class RecordPool {
 public:
  /// `options.workers` threads.
  explicit RecordPool(const ExportOptions& options);
  /// Drops what was not begun, stops what was, and waits for it.
  ~RecordPool();
  RecordPool(const RecordPool&) = delete;
  RecordPool& operator=(const RecordPool&) = delete;

  /// True when one more record may be given, so that at most one waits; false when a moment has passed.
  bool wait_for_room();
  /// A record to draw and to write into `folder`.
  void add(RecordOutcome&& outcome, RunMaps&& run, std::unique_ptr<OutputDirectory> folder);
  /// A record of which nothing is to be drawn, in its place.
  void add(RecordOutcome&& outcome);
  /// The outcome of the next record in order. Nothing when that is not finished, or there is none.
  std::optional<RecordOutcome> take();
  /// True when every outcome was taken.
  bool empty();
  /// Waits until take() has something to give, a moment at most.
  void wait_for_outcome();

 private:
  struct Slot {
    RecordOutcome outcome;
    RunMaps run;
    std::unique_ptr<OutputDirectory> folder;
    bool finished = false;
  };
  void work();

  ExportOptions options_;
  std::mutex mutex_;
  std::condition_variable waiting_, finished_;
  std::deque<std::unique_ptr<Slot>> slots_;  ///< All whose outcome was not taken, in order.
  std::deque<Slot*> queue_;                  ///< Those that no thread has begun.
  int in_flight_ = 0;                        ///< Waiting or begun.
  std::atomic<bool> stop_ = false;
  std::function<bool()> stopped_ = [this] { return stop_.load(); };
  std::vector<std::jthread> threads_;
};

}  // namespace attnviz::run
