#include "run/write_record.h"

#include "run/ordered_pool.h"

namespace attnviz::run {

RecordWriter::RecordWriter(const ExportOptions& options)
    : workers_(options.workers),
      formats_(make_run_writers(
          {.png = options.png, .npz = options.npz, .render = options.render, .workers = options.workers})) {}

std::vector<std::string> RecordWriter::write(RunMaps&& run, OutputDirectory& folder, Listener& listener) {
  for (const auto& format : formats_) format->begin(run);
  std::vector<std::string> paths = write_tokens(run, folder, listener);
  for (const auto& format : formats_) {
    for (std::string& path : format->finish(run, folder, listener)) paths.push_back(std::move(path));
  }
  stop_if_cancelled(listener);
  paths.push_back(folder.write("manifest.json", manifest_json(run.manifest)));
  return paths;
}

std::vector<std::string> RecordWriter::write_tokens(RunMaps& run, OutputDirectory& folder,
                                                    Listener& listener) {
  const std::size_t count = run.tokens.size();
  std::vector<ManifestOutput>& outputs = run.manifest.outputs;
  outputs.resize(count);
  std::vector<std::vector<std::string>> written(count);
  const auto work = [&](int worker, std::int64_t item) {
    const auto i = static_cast<std::size_t>(item);
    outputs[i].index = run.tokens[i].token.index;
    for (const auto& format : formats_) {
      if (auto path = format->token(run, i, worker, folder, outputs[i]))
        written[i].push_back(std::move(*path));
    }
  };
  const auto total = static_cast<std::int64_t>(count);
  for_each_item(total, workers_, work, [&](std::int64_t done) {
    listener.progress("writing maps", done, total);
    stop_if_cancelled(listener);
  });
  std::vector<std::string> paths;
  for (auto& files : written) {
    for (std::string& path : files) paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace attnviz::run
