#include <chrono>
#include <set>
#include <unordered_map>

#include "attnviz/run.h"
#include "run/checks.h"
#include "run/record_pool.h"

namespace attnviz::run {
namespace {

/// What the record itself says goes before what the command line says.
void fill_in(InputRecord& record, const InputRecord& defaults) {
  if (!record.generate) record.generate = defaults.generate;
  if (record.tokens.empty()) record.tokens = defaults.tokens;
}

ManifestOptions with_record(const InputRecord& record, const ManifestOptions& options) {
  ManifestOptions all;
  if (record.generate) all.emplace_back("generate", *record.generate);
  if (!record.tokens.empty()) all.emplace_back("tokens", option_value(record.tokens));
  all.insert(all.end(), options.begin(), options.end());
  return all;
}

class Batch {
 public:
  Batch(Model& model, const Tokenizers& tokenizers, const InputRecord& defaults, const ExportOptions& options,
        const ManifestOptions& options_for_manifest, BatchDirectory& folder,
        const std::function<void(const BatchEntry&)>& finished, Listener& listener)
      : model_(model),
        tokenizers_(tokenizers),
        defaults_(defaults),
        options_(options),
        options_for_manifest_(options_for_manifest),
        folder_(folder),
        finished_(finished),
        listener_(listener),
        pool_(options) {}

  BatchResult run(LineReader& lines) {
    total_ = lines.count().value_or(0);
    while (lines.next(listener_)) {
      begin(lines);
      report();
    }
    while (!pool_.empty()) {
      pool_.wait_for_outcome();
      report();
    }
    if (manifest_.records.empty()) listener_.warning("the batch has no records");
    manifest_.file = model_.info().file;
    manifest_.sha256 = model_.info().sha256;
    manifest_.options = with_record(defaults_, options_for_manifest_);
    result_.manifest = folder_.finish(manifest_);
    return std::move(result_);
  }

 private:
  void begin(const LineReader& lines) {
    RecordOutcome outcome;
    outcome.entry.line = lines.number();
    BatchLine line;
    run_for(outcome, [&] {
      try {
        lines.too_long() ? refuse_long_line() : parse_batch_line(lines.line(), line);
      } catch (const Error&) {
        claim(line.id, outcome);
        throw;
      }
      claim(line.id, outcome);
    });
    if (outcome.entry.error) return pool_.add(std::move(outcome));
    fill_in(line.record, defaults_);
    ManifestOptions options = with_record(line.record, options_for_manifest_);
    options.emplace_back("record", line.json);
    if (const auto outputs = folder_.find_whole(line.id, model_.info().sha256, options)) {
      outcome.entry.outputs = *outputs;
      ++result_.kept;
      return pool_.add(std::move(outcome));
    }
    run_model(line, std::move(options), std::move(outcome));
  }

  [[noreturn]] static void refuse_long_line() {
    throw Error(ErrorKind::kInput, "is longer than " + std::to_string(kLongestLine >> 20U) +
                                       " MB, the most that a line may have; shorten it");
  }

  /// The first line with an id has its folder, whatever becomes of it.
  void claim(const std::string& id, RecordOutcome& outcome) {
    if (id.empty()) return;
    outcome.entry.id = id;
    const auto [at, fresh] = line_of_id_.try_emplace(id, outcome.entry.line);
    if (!fresh) {
      throw Error(ErrorKind::kInput,
                  "has the \"id\" of line " + std::to_string(at->second) + "; give it one of its own");
    }
    outcome.has_folder = true;
  }

  void run_model(const BatchLine& line, ManifestOptions options, RecordOutcome outcome) {
    while (!pool_.wait_for_room()) report();
    const std::function<bool()> cancelled = [this] { return listener_.cancelled(); };
    RecordListener listener(outcome, cancelled);
    RunMaps maps;
    const auto start = std::chrono::steady_clock::now();
    run_for(outcome, [&] { maps = run_record(model_, tokenizers_, line.record, options_, listener); });
    result_.seconds.run += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::unique_ptr<OutputDirectory> folder;
    if (!outcome.entry.error && !outcome.ends_batch)
      run_for(outcome, [&] { folder = folder_.open(line.id); });
    if (!folder) return pool_.add(std::move(outcome));
    maps.manifest.options = std::move(options);
    outcome.entry.outputs = static_cast<std::int64_t>(maps.tokens.size());
    pool_.add(std::move(outcome), std::move(maps), std::move(folder));
  }

  void report() {
    stop_if_cancelled(listener_);
    while (auto outcome = pool_.take()) report(std::move(*outcome));
  }

  void say(const Remark& remark, const std::string& name) {
    switch (remark.kind) {
      case Remark::Kind::kDetail: return listener_.detail(name + remark.sentence);
      case Remark::Kind::kWarning: return listener_.warning(name + remark.sentence);
      case Remark::Kind::kModelWarning:
        if (warned_.insert(remark.sentence).second) listener_.model_warning(remark.sentence);
    }
  }

  void report(RecordOutcome&& outcome) {
    if (outcome.ends_batch) std::rethrow_exception(outcome.ends_batch);
    const std::string name = name_of(outcome.entry) + ": ";
    for (const Remark& remark : outcome.said) say(remark, name);
    if (outcome.entry.error && outcome.has_folder) folder_.discard(*outcome.entry.id);
    ++(outcome.entry.error ? result_.failed : result_.done);
    result_.seconds.write += outcome.write_seconds;
    finished_(outcome.entry);
    manifest_.records.push_back(std::move(outcome.entry));
    listener_.progress("records", static_cast<std::int64_t>(manifest_.records.size()), total_);
  }

  Model& model_;
  const Tokenizers& tokenizers_;
  const InputRecord& defaults_;
  const ExportOptions& options_;
  const ManifestOptions& options_for_manifest_;
  BatchDirectory& folder_;
  const std::function<void(const BatchEntry&)>& finished_;
  Listener& listener_;
  std::unordered_map<std::string, std::int64_t> line_of_id_;
  std::set<std::string> warned_;
  std::int64_t total_ = 0;
  BatchManifest manifest_;
  BatchResult result_;
  RecordPool pool_;  ///< Last: its threads end before anything else goes.
};

}  // namespace

std::string name_of(const BatchEntry& entry) {
  return "line " + std::to_string(entry.line) + (entry.id ? " (" + *entry.id + ")" : "");
}

BatchResult export_batch(Model& model, const Tokenizers& tokenizers, LineReader& lines,
                         const InputRecord& defaults, const ExportOptions& options,
                         const ManifestOptions& options_for_manifest, BatchDirectory& folder,
                         const std::function<void(const BatchEntry&)>& finished, Listener& listener) {
  check_available(model.info(), options);
  if (options.png) Painter(options.render);  // a font that cannot be read is no fault of a record
  return Batch(model, tokenizers, defaults, options, options_for_manifest, folder, finished, listener)
      .run(lines);
}

}  // namespace attnviz::run
