#include <set>

#include "attnviz/diff.h"

namespace attnviz::diff {
namespace {

namespace fs = std::filesystem;

/// Makes the pictures of comparisons. Fonts are read once, for all of them.
class DiffPainter {
 public:
  explicit DiffPainter(RenderOptions render) : painter_((render.top = {}, render)) {}

  /// The pictures that follow are of `comparison`, all on one scale.
  void begin(const RunComparison& comparison) {
    painter_.use_top({});
    const double largest = comparison.largest_change();
    top_ = largest > 0 ? std::optional(largest) : std::nullopt;
  }

  /// PNG of one token's maps, empty when there is nothing to draw.
  std::string token(const RunComparison& comparison, std::size_t index) {
    const TokenDiff& token = comparison.diff().tokens[index];
    return page("token " + std::to_string(token.index_b) + " “" + token.text + "”",
                comparison.heatmaps(index));
  }
  std::string overview(const RunComparison& comparison) {
    const RunDiff& diff = comparison.diff();
    return page(diff.model_a == diff.model_b ? diff.model_a : diff.model_a + " → " + diff.model_b,
                comparison.overview());
  }

 private:
  std::string page(const std::string& title, std::vector<Heatmap> maps) {
    if (maps.empty()) return "";
    for (Heatmap& map : maps) map.top = top_;
    const auto bytes = encode_png(painter_.overview(title, {}, maps));
    return {bytes.begin(), bytes.end()};
  }

  Painter painter_;
  std::optional<double> top_;
};

/// Compares runs, and writes what it finds where there is a folder to write it to.
class RunDiffer {
 public:
  RunDiffer(const DiffOptions& options, OutputDirectory* folder, Listener& listener)
      : options_(options), folder_(folder), listener_(listener) {
    if (folder != nullptr && options.png) painter_.emplace(options.render);
  }

  /// Into files whose names begin with `prefix`.
  RunDiff diff(const fs::path& a, const fs::path& b, const std::string& prefix) {
    const RunComparison comparison(read_maps(a, options_.reductions), read_maps(b, options_.reductions));
    if (folder_ != nullptr) {
      const auto pictures = painter_ ? write_pictures(comparison, prefix) : std::vector<std::string>();
      folder_->write(prefix + std::string(report::kDiffFile), diff_json(comparison.diff(), pictures));
    }
    return comparison.diff();
  }

 private:
  /// Returns the names of the pictures of the tokens, empty where there is nothing to draw.
  std::vector<std::string> write_pictures(const RunComparison& comparison, const std::string& prefix) {
    painter_->begin(comparison);
    const auto& tokens = comparison.diff().tokens;
    std::vector<std::string> names(tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      stop_if_cancelled(listener_);
      const std::string picture = painter_->token(comparison, i);
      if (picture.empty()) continue;
      names[i] = token_file(tokens[i].index_a, tokens[i].text, "png");
      folder_->write(prefix + names[i], picture);
      listener_.progress("drawing differences", static_cast<std::int64_t>(i) + 1,
                         static_cast<std::int64_t>(tokens.size()));
    }
    const std::string overview = painter_->overview(comparison);
    if (!overview.empty()) folder_->write(prefix + std::string(report::kOverviewFile), overview);
    return names;
  }

  const DiffOptions& options_;
  OutputDirectory* folder_;
  Listener& listener_;
  std::optional<DiffPainter> painter_;
};

BatchDiff diff_batches(const fs::path& a, const fs::path& b, const std::vector<std::string>& ids_a,
                       const std::vector<std::string>& ids_b, const DiffOptions& options,
                       OutputDirectory* folder, Listener& listener) {
  BatchDiff out;
  RunDiffer differ(options, folder, listener);
  const std::set<std::string> in_a(ids_a.begin(), ids_a.end()), in_b(ids_b.begin(), ids_b.end());
  for (const std::string& id : ids_b) {
    if (!in_a.contains(id)) out.only_b.push_back(id);
  }
  for (const std::string& id : ids_a) {
    if (!in_b.contains(id)) {
      out.only_a.push_back(id);
      continue;
    }
    stop_if_cancelled(listener);
    try {
      out.records.push_back({id, differ.diff(a / id, b / id, id + "/"), ""});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      out.records.push_back({id, std::nullopt, error.what()});
    }
  }
  if (out.records.empty()) {
    throw Error(ErrorKind::kInput,
                "the batches in '" + a.string() + "' and '" + b.string() +
                    "' have no finished record in common; give two batches of the same file");
  }
  if (folder != nullptr) folder->write(report::kDiffFile, diff_json(out));
  return out;
}

}  // namespace

MapsDiff diff_maps(const fs::path& a, const fs::path& b, const DiffOptions& options, OutputDirectory* folder,
                   Listener& listener) {
  const auto ids_a = read_batch_ids(a), ids_b = read_batch_ids(b);
  if (ids_a.has_value() != ids_b.has_value()) {
    throw Error(ErrorKind::kInput,
                "'" + (ids_a ? a : b).string() + "' holds a batch, '" + (ids_a ? b : a).string() +
                    "' the maps of one run; compare two of a kind, or name one record's folder");
  }
  if (!ids_a) return RunDiffer(options, folder, listener).diff(a, b, "");
  return diff_batches(a, b, *ids_a, *ids_b, options, folder, listener);
}

}  // namespace attnviz::diff
