#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "report/formats/format.h"
#include "report/overview.h"

namespace attnviz::report {

extern const RunFormat png_format;

namespace {

constexpr std::array kFiles = {RunFile{"overview", kOverviewFile}, RunFile{"segments_png", "segments.png"}};
constexpr const RunFile &kOverview = kFiles[0], &kSegments = kFiles[1];

std::string png_of(const Image& image) {
  const auto bytes = encode_png(image);
  return {bytes.begin(), bytes.end()};
}

std::string write_picture(const RunFile& file, const Image& image, OutputDirectory& folder,
                          Manifest& manifest) {
  return write_run_file(
      file, [&](const WriteAt& write) { write(0, png_of(image)); }, folder, manifest);
}

/// Makes every bar 1 long, where the attention is not: what looks at nothing goes to the part without a name,
/// which comes last; what is too much is scaled down.
void fill_bars(SegmentChart& chart) {
  const auto columns = static_cast<std::size_t>(chart.masses.columns);
  for (auto row = chart.masses.values.begin(); row != chart.masses.values.end();
       row += chart.masses.columns) {
    const auto end = row + chart.masses.columns;
    const float sum = std::accumulate(row, end, 0.0F);
    if (sum < 1) row[static_cast<std::ptrdiff_t>(columns) - 1] += 1 - sum;
    if (sum > 1) std::transform(row, end, row, [sum](float mass) { return mass / sum; });
  }
}

SegmentChart chart_of(const SegmentTable& table, const std::vector<TokenMap>& tokens) {
  SegmentChart chart;
  chart.title = "Mean " + std::string(to_string(table.kind)) + " attention on each segment, by output token";
  chart.names = table.names;
  for (const TokenMap& map : tokens) chart.outputs.push_back(map.token.text);
  chart.masses = table.masses;
  fill_bars(chart);
  return chart;
}

class PngFormat final : public RunWriter {
 public:
  explicit PngFormat(const WriterOptions& options) : options_(options) {}

  void begin(const RunMaps& run) override {
    ColorTop top;
    if (options_.render.top.kind == ScaleTop::Kind::kRun) {
      for (const TokenMap& map : run.tokens) top.add(map);
    }
    const int needed = std::clamp(static_cast<int>(run.tokens.size()), 1, std::max(1, options_.workers));
    while (static_cast<int>(painters_.size()) < needed) painters_.emplace_back(options_.render);
    for (Painter& painter : painters_) painter.use_top(top);
  }

  std::optional<std::string> token(const RunMaps& run, std::size_t index, int worker, OutputDirectory& folder,
                                   ManifestOutput& output) override {
    const TokenMap& map = run.tokens[index];
    const std::string bytes = png_of(painters_[static_cast<std::size_t>(worker)].token_map(map));
    return write_token_file(png_format, map, bytes, folder, output);
  }

  std::vector<std::string> finish(RunMaps& run, OutputDirectory& folder, Listener& listener) override {
    std::vector<std::string> paths;
    if (!run.tokens.empty()) paths = write_pictures(run, folder);
    if (const auto missing = missing_characters()) {
      listener.warning(*missing);
      run.manifest.warnings.push_back(*missing);
    }
    return paths;
  }

 private:
  std::vector<std::string> write_pictures(RunMaps& run, OutputDirectory& folder) {
    Painter& painter = painters_.front();
    const Manifest& manifest = run.manifest;
    std::vector<std::string> paths = {
        write_picture(kOverview, painter.overview(manifest.model.file, manifest.heads, summary_heatmaps(run)),
                      folder, run.manifest)};
    if (manifest.segments.empty()) return paths;
    paths.push_back(write_picture(
        kSegments, painter.segments(chart_of(manifest.segments.front(), run.tokens)), folder, run.manifest));
    return paths;
  }

  std::optional<std::string> missing_characters() const {
    std::set<std::string> all;
    for (const Painter& painter : painters_) {
      for (const std::string& character : painter.missing_characters()) all.insert(character);
    }
    if (all.empty()) return std::nullopt;
    std::string list;
    for (const std::string& character : all) list += (list.empty() ? "" : ", ") + character;
    return "no font has " + list + "; drawn as boxes (add a font with --font)";
  }

  WriterOptions options_;
  std::vector<Painter> painters_;  ///< One for each worker.
};

}  // namespace

const RunFormat png_format{
    .token = "png", .files = kFiles, .make = [](const WriterOptions& options) -> std::unique_ptr<RunWriter> {
      return options.png ? std::make_unique<PngFormat>(options) : nullptr;
    }};

}  // namespace attnviz::report
