#include "run/record_pool.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <system_error>

#include "run/write_record.h"

namespace attnviz::run {
namespace {

constexpr auto kMoment = std::chrono::milliseconds(100);  ///< How late an interruption may be noticed.

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void run_for(RecordOutcome& outcome, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInput || error.kind() == ErrorKind::kUsage) {
      outcome.entry.error = error.what();
      if (!error.detail().empty()) outcome.said.push_back({Remark::Kind::kDetail, error.detail()});
    } else {
      outcome.ends_batch = std::current_exception();
    }
  } catch (const std::bad_alloc&) {
    outcome.entry.error = "out of memory; shorten the input, or select fewer tokens, layers or heads";
  } catch (...) {
    outcome.ends_batch = std::current_exception();
  }
}

RecordPool::RecordPool(const ExportOptions& options) : options_(options) {
  const int workers = std::max(1, std::exchange(options_.workers, 1));
  threads_.reserve(static_cast<std::size_t>(workers));
  try {
    for (int worker = 0; worker < workers; ++worker) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    if (threads_.empty()) throw;  // else fewer threads do it
  }
}

RecordPool::~RecordPool() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  waiting_.notify_all();
}

bool RecordPool::wait_for_room() {
  std::unique_lock lock(mutex_);
  return finished_.wait_for(lock, kMoment, [&] { return in_flight_ <= static_cast<int>(threads_.size()); });
}

void RecordPool::add(RecordOutcome&& outcome, RunMaps&& run, std::unique_ptr<OutputDirectory> folder) {
  auto slot = std::make_unique<Slot>(Slot{std::move(outcome), std::move(run), std::move(folder)});
  const std::scoped_lock lock(mutex_);
  queue_.push_back(slot.get());
  slots_.push_back(std::move(slot));
  ++in_flight_;
  waiting_.notify_one();
}

void RecordPool::add(RecordOutcome&& outcome) {
  auto slot = std::make_unique<Slot>(Slot{.outcome = std::move(outcome), .finished = true});
  const std::scoped_lock lock(mutex_);
  slots_.push_back(std::move(slot));
}

std::optional<RecordOutcome> RecordPool::take() {
  const std::scoped_lock lock(mutex_);
  if (slots_.empty() || !slots_.front()->finished) return std::nullopt;
  RecordOutcome outcome = std::move(slots_.front()->outcome);
  slots_.pop_front();
  return outcome;
}

bool RecordPool::empty() {
  const std::scoped_lock lock(mutex_);
  return slots_.empty();
}

void RecordPool::wait_for_outcome() {
  std::unique_lock lock(mutex_);
  finished_.wait_for(lock, kMoment, [&] { return slots_.empty() || slots_.front()->finished; });
}

void RecordPool::work() {
  std::optional<RecordWriter> writer;
  for (;;) {
    Slot* slot = nullptr;
    {
      std::unique_lock lock(mutex_);
      waiting_.wait(lock, [&] { return stop_ || !queue_.empty(); });
      if (stop_) return;
      slot = queue_.front();
      queue_.pop_front();
    }
    const auto start = std::chrono::steady_clock::now();
    RecordListener listener(slot->outcome, stopped_);
    run_for(slot->outcome, [&] {
      if (!writer) writer.emplace(options_);
      writer->write(std::move(slot->run), *slot->folder, listener);
    });
    if (slot->outcome.entry.error) writer.reset();  // what failed may have left it half-way
    slot->folder.reset();
    slot->run = {};
    slot->outcome.write_seconds = seconds_since(start);
    const std::scoped_lock lock(mutex_);
    slot->finished = true;
    --in_flight_;
    finished_.notify_one();
  }
}

}  // namespace attnviz::run
