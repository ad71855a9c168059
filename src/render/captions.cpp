#include "render/captions.h"

#include <cmath>
#include <vector>

#include "render/panel.h"
#include "render/unicode.h"

namespace attnviz::render {
namespace {

/// "0–3, 7" of ascending numbers.
std::string ranges(const std::vector<int>& numbers) {
  std::string text;
  for (std::size_t first = 0; first < numbers.size();) {
    std::size_t last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(numbers[first]);
    if (last > first) text += (last == first + 1 ? ", " : "–") + std::to_string(numbers[last]);
    first = last + 1;
  }
  return text;
}

std::string some(const std::string& what, const std::vector<int>& numbers) {
  return what + (numbers.size() == 1 ? " " : "s ") + ranges(numbers);
}

std::string heads_of(const AttentionView& view, const std::string& all) {
  return view.selected_heads.empty() ? all : some("head", view.selected_heads);
}

/// Of the heads of rollout, which are all unless said.
std::string through_heads(const AttentionView& view) {
  return view.selected_heads.empty() ? "" : ", of " + some("head", view.selected_heads);
}

std::string scale_caption(const RenderOptions& options) {
  std::string name = std::string(to_string(options.scale)) + " scale, ";
  switch (options.top.kind) {
    case ScaleTop::Kind::kRun: return name + "shared by the run";
    case ScaleTop::Kind::kMap: return name + "each map its own";
    case ScaleTop::Kind::kValue: return name + "up to " + to_string(options.top);
  }
  return name;
}

std::string positions_caption(const OutputToken& token) {
  const std::string first = std::to_string(token.index);
  if (token.generated)
    return token.tokens > 1 ? "generated, " + std::to_string(token.tokens) + " tokens" : "generated";
  if (token.tokens <= 1) return "position " + first;
  return "positions " + first + "–" + std::to_string(token.index + token.tokens - 1);
}

}  // namespace

std::optional<std::int64_t> token_at(const Sequence& sequence, std::int64_t position) {
  const auto count = static_cast<std::int64_t>(sequence.units.size());
  if (sequence.merged.empty())
    return position >= 0 && position < count ? std::optional(position) : std::nullopt;
  for (std::size_t i = 0; i < sequence.merged.size(); ++i) {
    if (sequence.merged[i].begin <= position && position < sequence.merged[i].end)
      return static_cast<std::int64_t>(i);
  }
  return std::nullopt;
}

std::string kind_caption(AttentionKind kind) {
  switch (kind) {
    case AttentionKind::kSelf: return "self-attention";
    case AttentionKind::kEncoder: return "encoder self-attention over the source";
    case AttentionKind::kDecoder: return "decoder self-attention over what was written before";
    case AttentionKind::kCross: return "cross-attention over the source";
  }
  return {};
}

std::string reduction_caption(const AttentionView& view, const ReductionInfo& reduction) {
  const std::string name(reduction.name);
  if (reduction.through_layers) return name + " from the input up to each layer" + through_heads(view);
  return name + " over " + heads_of(view, "heads");
}

std::string overall_caption(const AttentionView& view, const ReductionInfo& reduction) {
  if (!reduction.through_layers) {
    return std::string(reduction.over_layers) + " over " + heads_of(view, "all heads") + " of " +
           some("layer", view.layers);
  }
  const std::string last =
      view.layers.empty() ? "the last layer" : "layer " + std::to_string(view.layers.back());
  return std::string(reduction.name) + " from the input up to " + last + through_heads(view);
}

std::string removed_caption(const AttentionView& view) {
  if (view.removed.empty() && !(view.removed_mass > 0)) return {};
  std::string text;
  for (const std::string& what : view.removed) text += (text.empty() ? "" : " and ") + what;
  const double percent = 100 * view.removed_mass;
  const bool little = percent > 0 && percent < 0.5;
  text += (text.empty() ? "removed: " : " removed: ") +
          (little ? "less than 1" : std::to_string(std::lround(percent))) + " % of the mean attention";
  std::string scaled;
  for (const ReducedAttention& reduced : view.reductions) {
    if (!reduced.reduction->distribution) continue;
    scaled += scaled.empty() ? "" : " and ";
    scaled += reduced.reduction->name;
  }
  if (!scaled.empty()) text += "; " + scaled + " rows re-normalised";
  return text + "; grey in the text";
}

std::string origin_caption(const TokenMap& map, const RenderOptions& options) {
  const OutputToken& token = map.token;
  std::string text = positions_caption(token);
  if (token.probability) text += " with probability " + weight_text(*token.probability, 3);
  if (token.query != token.index) {
    text += " · query at position " + std::to_string(token.query);
    const AttentionView* own = nullptr;
    for (const AttentionView& view : map.views) {
      if (axes_of(view.kind).within_one()) own = &view;
    }
    const auto asked = own == nullptr ? std::nullopt : token_at(*own->sequence, token.query);
    if (asked)
      text += " “" +
              label_text(own->sequence->units[static_cast<std::size_t>(*asked)].label, kLabelGraphemes) + "”";
  }
  std::string reductions;
  if (!map.views.empty()) {
    for (const ReducedAttention& reduced : map.views[0].reductions) {
      reductions += reductions.empty() ? "" : ", ";
      reductions += reduced.reduction->name;
    }
  }
  if (!reductions.empty()) text += " · " + reductions;
  return text + " · " + scale_caption(options);
}

}  // namespace attnviz::render
