/// What one run of an instrumented graph tells: which sites fire, and their attention on its way to the
/// consumer.
#pragma once

#include <torch/custom_class.h>
#include <torch/script.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "attnviz/model.h"

namespace attnviz::model {

/// A place in the graph that attention is taken from.
struct Site {
  AttentionKind kind = AttentionKind::kSelf;
  std::string capture;  ///< "softmax", "sdpa" or "fused".
  std::string scope;    ///< Module path, or empty.
  /// Written-out attention only: which axes of the captured tensor are queries and keys, from the back (−1 is
  /// the last). Further candidates for the queries' axis are told apart by the lengths of the input.
  std::vector<int> query_axes = {-2};
  int key_axis = -1;
};

/// Lengths of the inputs of a run.
struct Lengths {
  std::int64_t source = 0;
  std::int64_t target = 0;
  std::int64_t of(Side side) const noexcept { return side == Side::kTarget ? target : source; }
};

inline Lengths lengths_of(const ModelInputs& inputs) {
  return {static_cast<std::int64_t>(inputs.ids.size()), static_cast<std::int64_t>(inputs.target_ids.size())};
}

/// The kind of an encoder–decoder's attention that has these lengths, the first of equals of decoder, cross
/// and encoder.
std::optional<AttentionKind> paired_kind(std::int64_t queries, std::int64_t keys, Lengths lengths);

/// What is wanted of a run.
struct CaptureOptions : Needs {
  std::vector<int> heads;  ///< Empty: all; else the rows of `weights`, in this order.
};

/// The memory of one run. Travels through the graph as a capsule, so that runs know nothing of each other.
class CaptureSession final : public torch::CustomClassHolder {
 public:
  /// `ignored`: sites that were found to be no attention over tokens.
  CaptureSession(const std::vector<Site>& sites, const std::set<std::size_t>& ignored,
                 const std::vector<int>& heads, Lengths lengths, AttentionConsumer& consumer)
      : sites_(sites),
        ignored_(ignored),
        capture_{consumer.needs(), heads},
        lengths_(lengths),
        consumer_(consumer) {}

  /// A site that fires.
  struct Firing {
    int layer = 0;
    AttentionKind kind = AttentionKind::kSelf;
    std::int64_t queries = 0;
    std::int64_t keys = 0;
    bool wanted = false;  ///< Somebody wants its rows; when false, `rows()` need not be called.
  };

  /// Announces attention of `heads` × `queries` × `keys` at `site`; sites fire in the order of their layers.
  Firing begin(std::size_t site, std::int64_t heads, std::int64_t queries, std::int64_t keys);

  /// Hands on rows `first` … of a firing: [heads, rows, keys], of any floating type. Keys that are missing at
  /// the end of the firing's are hidden from these rows.
  void rows(const Firing& firing, std::int64_t first, const at::Tensor& weights);

  /// Hands on the attention of a written-out site, whose axes lie as its Site says.
  void written_out(std::size_t site, const at::Tensor& weights);

  /// Hands on the attention [heads, queries, keys] of a layer that no site belongs to.
  void returned(AttentionKind kind, const at::Tensor& weights);

  /// States [1, padding, width] of what the model's nested tensors lack, the padding at the end of the text,
  /// as far as layers have run: nothing reads them but later layers. Undefined: there is none.
  at::Tensor padding;

  /// Runs `work()`; what it throws is kept, since the interpreter would forget its type, and thrown again.
  template <class Work>
  auto guard(Work&& work) {
    try {
      return work();
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  }
  /// What the last guarded work threw, if it did.
  const std::exception_ptr& failure() const { return failure_; }

  /// Sites that fired, in order; `causal` is not set.
  const std::vector<AttentionSite>& fired() const { return fired_; }
  /// What the lengths say of the kind of each site that fired: only where source and target differ in length.
  const std::map<std::size_t, AttentionKind>& kinds_by_length() const { return kinds_by_length_; }
  /// Sites whose attention has a single query over several keys: a pooling layer.
  const std::set<std::size_t>& pooled() const { return pooled_; }

 private:
  Firing announce(const Site& site, std::int64_t heads, std::int64_t queries, std::int64_t keys);
  void whole(const Firing& firing, const at::Tensor& weights);
  std::int64_t query_length(AttentionKind kind) const;
  void compare_lengths(std::size_t site, std::int64_t queries, std::int64_t keys);

  const std::vector<Site>& sites_;
  const std::set<std::size_t>& ignored_;
  CaptureOptions capture_;
  Lengths lengths_;
  AttentionConsumer& consumer_;
  std::array<int, 4> layers_{};
  std::vector<AttentionSite> fired_;
  std::set<std::size_t> pooled_;
  std::map<std::size_t, AttentionKind> kinds_by_length_;
  std::exception_ptr failure_;
};

/// Rows of [heads, rows, keys] that are handled at once, so that a tile stays in the cache of a CPU.
std::int64_t tile_rows(std::int64_t heads, std::int64_t keys);

}  // namespace attnviz::model
