#include <algorithm>
#include <cmath>
#include <set>

#include "attnviz/diff.h"

namespace attnviz::diff {
namespace {

namespace fs = std::filesystem;

void widen(double& top, const std::vector<Heatmap>& maps) {
  for (const Heatmap& map : maps) {
    for (const float change : map.weights.values) top = std::max(top, std::abs(static_cast<double>(change)));
  }
}

/// Draws the pictures of one comparison, all on one scale.
class DiffPainter {
 public:
  DiffPainter(const RunComparison& comparison, const DiffOptions& options) : comparison_(comparison) {
    double top = 0;
    for (std::size_t i = 0; i < comparison.diff().tokens.size(); ++i) widen(top, comparison.heatmaps(i));
    widen(top, comparison.overview());
    RenderOptions render = options.render;
    render.top = {};
    if (top > 0) render.top = {ScaleTop::Kind::kValue, top};
    painter_.emplace(render);
  }

  /// PNG of one token's maps, empty when there is nothing to draw.
  std::string token(std::size_t index) {
    const TokenDiff& token = comparison_.diff().tokens[index];
    return page("token " + std::to_string(token.index_b) + " “" + token.text + "”",
                comparison_.heatmaps(index));
  }
  std::string overview() {
    const RunDiff& diff = comparison_.diff();
    return page(diff.model_a == diff.model_b ? diff.model_a : diff.model_a + " → " + diff.model_b,
                comparison_.overview());
  }

 private:
  std::string page(const std::string& title, const std::vector<Heatmap>& maps) {
    if (maps.empty()) return "";
    const auto bytes = encode_png(painter_->overview(title, {}, maps));
    return {bytes.begin(), bytes.end()};
  }

  const RunComparison& comparison_;
  std::optional<Painter> painter_;
};

/// Writes the pictures below `prefix`. Returns the names of those of the tokens, empty where there is nothing
/// to draw.
std::vector<std::string> write_pictures(const RunComparison& comparison, const DiffOptions& options,
                                        const std::string& prefix, OutputDirectory& folder,
                                        Listener& listener) {
  std::vector<std::string> names;
  if (!options.png) return names;
  DiffPainter painter(comparison, options);
  const auto& tokens = comparison.diff().tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    stop_if_cancelled(listener);
    const std::string picture = painter.token(i);
    names.emplace_back();
    if (picture.empty()) continue;
    names.back() = token_file(tokens[i].index_a, tokens[i].text, "png");
    folder.write(prefix + names.back(), picture);
    listener.progress("drawing differences", static_cast<std::int64_t>(i) + 1,
                      static_cast<std::int64_t>(tokens.size()));
  }
  const std::string overview = painter.overview();
  if (!overview.empty()) folder.write(prefix + "overview.png", overview);
  return names;
}

RunDiff diff_runs(const fs::path& a, const fs::path& b, const DiffOptions& options, const std::string& prefix,
                  OutputDirectory* folder, Listener& listener) {
  const RunComparison comparison(read_maps(a, options.reductions), read_maps(b, options.reductions));
  if (folder != nullptr) {
    const auto pictures = write_pictures(comparison, options, prefix, *folder, listener);
    folder->write(prefix + "diff.json", diff_json(comparison.diff(), pictures));
  }
  return comparison.diff();
}

BatchDiff diff_batches(const fs::path& a, const fs::path& b, const std::vector<std::string>& ids_a,
                       const std::vector<std::string>& ids_b, const DiffOptions& options,
                       OutputDirectory* folder, Listener& listener) {
  BatchDiff out;
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
      out.records.push_back({id, diff_runs(a / id, b / id, options, id + "/", folder, listener), ""});
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
  if (folder != nullptr) folder->write("diff.json", diff_json(out));
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
  if (!ids_a) return diff_runs(a, b, options, "", folder, listener);
  return diff_batches(a, b, *ids_a, *ids_b, options, folder, listener);
}

}  // namespace attnviz::diff
