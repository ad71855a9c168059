#include "model/capture_session.h"

#include <algorithm>

namespace attnviz::model {

namespace {

constexpr std::int64_t kTileElements = std::int64_t{2} << 20;  // 8 MB of float32.

}  // namespace

std::int64_t tile_rows(std::int64_t heads, std::int64_t keys) {
  return std::clamp<std::int64_t>(kTileElements / std::max<std::int64_t>(heads * keys, 1) / 16 * 16, 16, 512);
}

std::optional<AttentionKind> paired_kind(std::int64_t queries, std::int64_t keys, Lengths lengths) {
  for (const AttentionKind kind : {AttentionKind::kDecoder, AttentionKind::kCross, AttentionKind::kEncoder}) {
    const Axes axes = axes_of(kind);
    if (queries == lengths.of(axes.queries) && keys == lengths.of(axes.keys)) return kind;
  }
  return std::nullopt;
}

CaptureSession::Firing CaptureSession::announce(const Site& site, std::int64_t heads, std::int64_t queries,
                                                std::int64_t keys) {
  const int layer = layers_[static_cast<std::size_t>(site.kind)]++;
  fired_.push_back({layer, site.kind, site.capture, site.scope, static_cast<int>(heads), false});
  return {layer, site.kind, queries, keys,
          capture_.kind(site.kind) && capture_.layer(layer) && capture_.first_query < queries};
}

CaptureSession::Firing CaptureSession::begin(std::size_t site, std::int64_t heads, std::int64_t queries,
                                             std::int64_t keys) {
  if (ignored_.count(site) > 0) return {};
  compare_lengths(site, queries, keys);
  if (queries == 1 && keys > 1 && query_length(sites_[site].kind) > 1) {
    pooled_.insert(site);
    return {};
  }
  return announce(sites_[site], heads, queries, keys);
}

void CaptureSession::rows(const Firing& firing, std::int64_t first, const at::Tensor& weights) {
  const std::int64_t end = first + weights.size(1);
  if (!firing.wanted || end <= capture_.first_query) return;
  const std::int64_t begin = std::max(first, capture_.first_query);
  at::Tensor block = weights.narrow(1, begin - first, end - begin).to(torch::kFloat32);
  if (!capture_.heads.empty()) {
    const int heads = static_cast<int>(weights.size(0));
    for (const int head : capture_.heads) {
      if (head >= 0 && head < heads) continue;
      throw Error(ErrorKind::kUsage, "layer " + std::to_string(firing.layer) + " has heads 0 to " +
                                         std::to_string(heads - 1) + ", not " + std::to_string(head));
    }
    const std::vector<std::int64_t> chosen(capture_.heads.begin(), capture_.heads.end());
    block = block.index_select(0, torch::tensor(chosen, torch::kInt64).to(block.device()));
  }
  consumer_.on_block(
      {firing.layer, firing.kind, begin, firing.queries, block, firing.keys - weights.size(2)});
}

void CaptureSession::compare_lengths(std::size_t site, std::int64_t queries, std::int64_t keys) {
  if (lengths_.target == 0 || lengths_.target == lengths_.source) return;
  if (const auto kind = paired_kind(queries, keys, lengths_)) kinds_by_length_[site] = *kind;
}

void CaptureSession::whole(const Firing& firing, const at::Tensor& weights) {
  const std::int64_t step = tile_rows(weights.size(0), weights.size(2));
  for (std::int64_t first = 0; firing.wanted && first < firing.queries; first += step) {
    rows(firing, first, weights.narrow(1, first, std::min(step, firing.queries - first)));
  }
}

std::int64_t CaptureSession::query_length(AttentionKind kind) const {
  return lengths_.of(axes_of(kind).queries);
}

void CaptureSession::written_out(std::size_t index, const at::Tensor& weights) {
  const Site& site = sites_[index];
  const std::int64_t length = query_length(site.kind);
  const std::int64_t axes = weights.dim();
  if (axes + site.key_axis < 0) return;
  int query_axis = site.query_axes.back();
  for (const int candidate : site.query_axes) {
    if (axes + candidate >= 0 && weights.size(candidate) == length) query_axis = candidate;
  }
  if (axes + query_axis < 0) return;
  const std::int64_t keys = weights.size(site.key_axis);
  at::Tensor flat =
      weights.movedim({query_axis, site.key_axis}, {-2, -1}).reshape({-1, weights.size(query_axis), keys});
  // Multi-query attention with its heads folded into the queries: [1, Q·H, K].
  if (flat.size(0) == 1 && length > 1 && flat.size(1) > length && flat.size(1) % length == 0 &&
      keys <= length) {
    flat = flat.view({length, -1, keys}).transpose(0, 1);
  }
  const Firing firing = begin(index, flat.size(0), flat.size(1), keys);
  if (firing.wanted) whole(firing, flat);
}

void CaptureSession::returned(AttentionKind kind, const at::Tensor& weights) {
  Site site;
  site.kind = kind;
  site.capture = "returned";
  const Firing firing = announce(site, weights.size(0), weights.size(1), weights.size(2));
  if (firing.wanted) whole(firing, weights);
}

}  // namespace attnviz::model
