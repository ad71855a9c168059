#include "run/checks.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace attnviz::run {
namespace {

/// Rows may miss 1 by this much before the user is told: float16 weights of 4,096 keys stay below.
constexpr double kRowSumTolerance = 1e-2;
/// Rollout with more of its mass than this on the first token tells of the formula, not of the model.
constexpr float kCollapsed = 0.9F;

std::string rounded(double value) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 3).ptr;
  return {text.data(), end};
}

std::string layer_name(const LayerAudit& layer) {
  return std::string(to_string(layer.kind)) + " attention of layer " + std::to_string(layer.layer);
}

void check_sides(const ModelInfo& info, const InputRecord& record, const ExportOptions& options) {
  const std::string model = "'" + info.file + "'";
  const bool has_target = record.target || !record.target_ids.empty();
  const bool two_stacks = info.task == Task::kSeq2Seq;
  if (!two_stacks && has_target) {
    throw Error(ErrorKind::kUsage, "a target was given, but " + model + " is no encoder–decoder");
  }
  const bool source_only = !options.kinds.empty() &&
                           std::all_of(options.kinds.begin(), options.kinds.end(), [](AttentionKind kind) {
                             return axes_of(kind).queries == Side::kSource;
                           });
  if (two_stacks && !has_target && !record.generate && !source_only) {
    throw Error(ErrorKind::kUsage, model +
                                       " is an encoder–decoder; say what its decoder reads with --target or "
                                       "--target-ids, or let it write with --generate N");
  }
  if (two_stacks && source_only && record.generate) {
    throw Error(ErrorKind::kUsage,
                "encoder attention belongs to the source, which nothing is generated of; leave out "
                "--generate, or ask for cross attention too");
  }
  if (!two_stacks && record.generate && info.causal == false) {
    throw Error(ErrorKind::kInput,
                "--generate needs a causal language model, but this model's attention looks ahead");
  }
  if (record.pair && record.generate && !two_stacks) {
    throw Error(ErrorKind::kUsage, "--pair is for encoders; a text to go on with is given by --text");
  }
}

}  // namespace

void check_selection(const ModelInfo& info, const InputRecord& record, const ExportOptions& options) {
  check_sides(info, record, options);
  check_available(info, options);
}

void check_available(const ModelInfo& info, const ExportOptions& options) {
  if (info.sites.empty()) return;  // the dry run failed; the run will say why
  int layers = 0, heads = 0;
  std::string kinds;
  for (const AttentionSite& site : info.sites) {
    layers = std::max(layers, site.layer + 1);
    heads = std::max(heads, site.heads);
    const std::string kind(to_string(site.kind));
    if (kinds.find(kind) == std::string::npos) kinds += (kinds.empty() ? "" : " and ") + kind;
  }
  const auto refuse = [&](const std::string& what, int chosen, int count) {
    throw Error(ErrorKind::kUsage, what + " " + std::to_string(chosen) + " was asked for, but '" + info.file +
                                       "' has " + what + "s 0 to " + std::to_string(count - 1));
  };
  if (!options.layers.empty() && options.layers.back() >= layers)
    refuse("layer", options.layers.back(), layers);
  if (!options.heads.empty() && options.heads.back() >= heads) refuse("head", options.heads.back(), heads);
  for (const AttentionKind kind : options.kinds) {
    if (std::none_of(info.sites.begin(), info.sites.end(),
                     [&](const auto& site) { return site.kind == kind; })) {
      throw Error(ErrorKind::kUsage, std::string(to_string(kind)) + " attention was asked for, but '" +
                                         info.file + "' has only " + kinds + " attention");
    }
  }
}

void check_length(const Sequence& sequence, const std::string& what, bool generates,
                  const std::optional<std::int64_t>& positions) {
  const auto tokens = static_cast<std::int64_t>(sequence.units.size());
  if (tokens == 0) throw Error(ErrorKind::kInput, what + " has no tokens; give a text that is not empty");
  if (!positions || tokens + (generates ? 1 : 0) <= *positions) return;
  throw Error(ErrorKind::kInput, what + " has " + std::to_string(tokens) + " tokens, but the model takes " +
                                     std::to_string(*positions) + " positions" +
                                     (generates ? ", which leaves none to generate" : "") + "; shorten it");
}

void check_vocabulary(const Tokenizer* tokenizer, const std::optional<std::int64_t>& vocabulary,
                      WarningLog& warnings) {
  if (tokenizer == nullptr || !vocabulary || tokenizer->size() <= *vocabulary) return;
  warnings.add("the tokenizer, " + tokenizer->describe() + ", has " + std::to_string(tokenizer->size()) +
                   " ids, but the model's embedding " + std::to_string(*vocabulary) +
                   "; it may belong to another model",
               WarningLog::Scope::kModel);
}

void check_known(const Sequence& source, const std::optional<std::int64_t>& unknown, WarningLog& warnings) {
  std::int64_t known = 0, of_text = 0;
  for (const Unit& unit : source.units) {
    if (unit.text() == nullptr) continue;
    ++of_text;
    known += unknown && unit.id == *unknown ? 0 : 1;
  }
  if (!unknown || of_text == 0 || known > 0) return;
  warnings.add("the tokenizer knows no part of the text: all " + std::to_string(of_text) +
               " tokens of it are unknown; it may be of another language or belong to another model");
}

void check_end(const Generation& generation, WarningLog& warnings) {
  if (!generation.no_end_known) return;
  warnings.add(
      "no token that ends a generation is known, so it goes on to its limit; name one as \"eos\" in "
      "attnviz.json",
      WarningLog::Scope::kModel);
}

void check_audit(const std::vector<LayerAudit>& audit, WarningLog& warnings) {
  LayerAudit worst;
  for (const LayerAudit& layer : audit) {
    if (layer.non_finite > 0) {
      throw Error(ErrorKind::kInput,
                  "the " + layer_name(layer) + " holds " + std::to_string(layer.non_finite) +
                      " weights that are not finite; nothing is drawn (try --dtype float32, or look at "
                      "the model's weights)");
    }
    if (layer.row_sum_error > worst.row_sum_error) worst = layer;
  }
  if (worst.row_sum_error > kRowSumTolerance) {
    warnings.add("rows of the " + layer_name(worst) + " sum to 1 only within " +
                 rounded(worst.row_sum_error) + "; what was captured may not be the attention");
  }
}

void check_rollout(const AttentionMaps& maps, bool causal, WarningLog& warnings) {
  for (const AttentionMap& map : maps.maps) {
    if (!causal || !map.reduction->through_layers || !axes_of(map.kind).within_one()) continue;
    if (map.queries.empty() || map.queries.back() == 0) continue;
    const bool dropped = !map.dropped.empty() && map.dropped.front() == 1;
    const std::size_t last = map.queries.size() - 1;
    const float mass = dropped ? map.removed_mass[last] : map.overall_row(last).front();
    if (mass <= kCollapsed) continue;
    warnings.add(
        std::string(map.reduction->name) + " of the " + std::string(to_string(map.kind)) + " attention has " +
        rounded(mass) + " of its mass on the " + (dropped ? "dropped tokens" : "first token") +
        ": in a causal model it drifts there layer by layer, whatever the model reads; --sink drop leaves "
        "sinks out of every layer before the product");
    return;
  }
}

}  // namespace attnviz::run
