/// What a token's page says in words.
#pragma once

#include <optional>
#include <string>

#include "attnviz/render.h"

namespace attnviz::render {

std::string kind_caption(AttentionKind kind);  ///< "cross-attention over the source".
/// What the rows of a reduction are: "mean over heads 0, 2".
std::string reduction_caption(const AttentionView& view, const ReductionInfo& reduction);
/// What its overall row is: "mean over all heads of layers 0–11".
std::string overall_caption(const AttentionView& view, const ReductionInfo& reduction);
/// What was dropped and what became of the rest; empty where nothing was.
std::string removed_caption(const AttentionView& view);
/// How the token came about, what the page shows, and on which scale.
std::string origin_caption(const TokenMap& map, const RenderOptions& options);

/// Index into `sequence.units` of what holds token position `position`: the same, or the word it is in.
std::optional<std::int64_t> token_at(const Sequence& sequence, std::int64_t position);

}  // namespace attnviz::render
