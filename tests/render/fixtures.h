/// Inputs for the tests of the render room: texts cut into tokens, and attention made up from a seed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/render.h"

namespace attnviz::render::test {

/// The same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2654435761U + 88172645463325252U) {}
  std::uint64_t next();
  double uniform() { return static_cast<double>(next() >> 11) / 9007199254740992.0; }
  int below(int limit) { return static_cast<int>(next() % static_cast<std::uint64_t>(limit)); }

 private:
  std::uint64_t state_;
};

/// `text` cut before blanks and every `longest` characters of a word, as a sub-word tokenizer does.
std::shared_ptr<Sequence> encode(std::string_view text, int longest = 6);

/// Adds [CLS] and [SEP], special and without text.
std::shared_ptr<Sequence> with_template(std::shared_ptr<Sequence> sequence);

/// Name and text of each segment of a text; "" names glue.
using Parts = std::vector<std::pair<std::string, std::string>>;

/// The joined texts of `segments`, what the model wrote after them, and a second text of the segments `pair`.
std::shared_ptr<Sequence> encode_segments(const Parts& segments, const std::string& generated = {},
                                          const Parts& pair = {});

/// "[CLS] first [SEP] second [SEP]", the sentences being the segments A and B.
std::shared_ptr<Sequence> encode_pair(const std::string& first, const std::string& second);

/// A few segments of a few words, each word with the blank before it.
Parts random_parts(Random& random);

/// `count` tokens without any text.
std::shared_ptr<Sequence> only_ids(int count);

struct MapShape {
  int layers = 4;
  int heads = 4;
  std::vector<std::string> reductions = {"mean", "max", "rollout"};
  double sink = 0.0;  ///< Weight on the first source.
  bool per_head = false;
  std::uint64_t seed = 1;
  AttentionKind kind = AttentionKind::kSelf;
};

/// Attention of `query` over positions 0 … query (all of them for cross attention): rows sum to 1, few are
/// large.
AttentionView make_view(std::shared_ptr<const Sequence> sequence, std::int64_t query, const MapShape& shape);

/// The map of the token at `query` + 1, or at `query` for the last position.
TokenMap make_map(const std::shared_ptr<const Sequence>& sequence, std::int64_t query, const MapShape& shape);

/// Heads that look at the previous token, at themselves, at the first, at random.
std::vector<HeadSummary> make_heads(int layers, int heads, int side, bool causal);

/// Lower triangle of rows that sum to 1; the upper is masked.
Heatmap make_summary(const Sequence& sequence, const std::string& reduction, double sink);

/// A few hundred words.
std::string long_text(int words);

}  // namespace attnviz::render::test
