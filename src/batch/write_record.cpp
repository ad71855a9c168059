#include "batch/write_record.h"

#include <algorithm>
#include <array>
#include <set>

#include "batch/checks.h"
#include "batch/npz_arrays.h"
#include "batch/ordered_pool.h"
#include "batch/overview.h"

namespace attnviz {
namespace {

std::string write_png(OutputDirectory& folder, const std::string& name, const Image& image) {
  const auto bytes = encode_png(image);
  return folder.write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// The reductions in the order asked for; the run may have made more.
TokenMap map_of(const RecordMaps& run, const ExportOptions& options, const OutputToken& output) {
  return make_token_map(run.maps, options.reductions, output, run.texts, run.causal);
}

SegmentChart chart_of(const SegmentTable& table, const std::vector<OutputToken>& outputs) {
  SegmentChart chart;
  chart.title = "Mean " + std::string(to_string(table.kind)) + " attention on each segment, by output token";
  chart.names = table.names;
  for (const OutputToken& output : outputs) chart.outputs.push_back(output.text);
  chart.masses = table.masses;
  return chart;
}

}  // namespace

std::vector<std::string> RecordWriter::write(RecordMaps&& run, OutputDirectory& folder, Listener& listener) {
  if (options_.png) prepare_painters(run);
  std::vector<std::string> paths = write_tokens(run, folder, listener);
  if (options_.png && !run.outputs.empty()) {
    for (std::string& path : write_pictures(run, folder)) paths.push_back(std::move(path));
  }
  if (options_.npz) {
    run.manifest.npz = "attention.npz";
    const auto arrays = npz_arrays(std::move(run.maps), run.outputs);
    paths.push_back(folder.write("attention.npz", [&](const WriteAt& write) { npz(arrays, write); }));
  }
  if (const auto missing = missing_characters()) {
    listener.warning(*missing);
    run.manifest.warnings.push_back(*missing);
  }
  stop_if_cancelled(listener);
  paths.push_back(folder.write("manifest.json", manifest_json(run.manifest)));
  return paths;
}

void RecordWriter::prepare_painters(const RecordMaps& run) {
  ColorTop top;
  if (options_.render.top.kind == ScaleTop::Kind::kRun) {
    for (const OutputToken& output : run.outputs) top.add(map_of(run, options_, output));
  }
  const auto count =
      static_cast<std::size_t>(std::max(1, std::min(options_.workers, static_cast<int>(run.outputs.size()))));
  while (painters_.size() < count) painters_.emplace_back(options_.render);
  for (Painter& painter : painters_) painter.use_top(top);
}

std::vector<std::string> RecordWriter::write_tokens(RecordMaps& run, OutputDirectory& folder,
                                                    Listener& listener) {
  const auto total = static_cast<std::int64_t>(run.outputs.size());
  std::vector<ManifestOutput>& files = run.manifest.outputs;
  files.resize(run.outputs.size());
  std::vector<std::array<std::string, 2>> written(run.outputs.size());
  const auto work = [&](int worker, std::int64_t item) {
    const auto i = static_cast<std::size_t>(item);
    const OutputToken& output = run.outputs[i];
    const TokenMap map = map_of(run, options_, output);
    const std::string stem = "tokens/" + token_file_stem(output.index, output.text);
    files[i] = {output.index, std::nullopt, stem + ".json"};
    if (options_.png) {
      files[i].png = stem + ".png";
      written[i][0] =
          write_png(folder, stem + ".png", painters_[static_cast<std::size_t>(worker)].token_map(map));
    }
    written[i][1] = folder.write(stem + ".json", token_json(map));
  };
  for_each_item(total, options_.workers, work, [&](std::int64_t done) {
    listener.progress("writing maps", done, total);
    stop_if_cancelled(listener);
  });
  std::vector<std::string> paths;
  for (const auto& pair : written) {
    for (const std::string& path : pair) {
      if (!path.empty()) paths.push_back(path);
    }
  }
  return paths;
}

std::vector<std::string> RecordWriter::write_pictures(RecordMaps& run, OutputDirectory& folder) {
  Painter& painter = painters_.front();
  const auto summaries = summary_heatmaps(run.maps, options_.reductions, run.outputs, run.texts, run.causal);
  run.manifest.overview = "overview.png";
  std::vector<std::string> paths = {write_png(
      folder, "overview.png", painter.overview(run.manifest.model.file, run.manifest.heads, summaries))};
  if (!run.manifest.segments.empty()) {
    run.manifest.segments_picture = "segments.png";
    paths.push_back(write_png(folder, "segments.png",
                              painter.segments(chart_of(run.manifest.segments.front(), run.outputs))));
  }
  return paths;
}

std::optional<std::string> RecordWriter::missing_characters() const {
  std::set<std::string> all;
  for (const Painter& painter : painters_) {
    for (const std::string& character : painter.missing_characters()) all.insert(character);
  }
  if (all.empty()) return std::nullopt;
  std::string list;
  for (const std::string& character : all) list += (list.empty() ? "" : ", ") + character;
  return "no font has " + list + "; drawn as boxes (add a font with --font)";
}

}  // namespace attnviz
