/// Streams that decoders are made of.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/components.h"

namespace attnviz::tokenizer {

/// A stream that is copied as its members are.
template <typename Own>
class Stream : public DecoderStream {
 public:
  std::unique_ptr<DecoderStream> clone() const override {
    return std::make_unique<Own>(static_cast<const Own&>(*this));
  }
};

/// Rewrites every piece by itself: `rewrite(piece, number)`.
template <typename Rewrite>
class EachPiece final : public Stream<EachPiece<Rewrite>> {
 public:
  explicit EachPiece(Rewrite rewrite) : rewrite_(std::move(rewrite)) {}
  void push(std::string piece, Pieces& out) override { out.push_back(rewrite_(std::move(piece), number_++)); }
  void finish(Pieces&) override {}

 private:
  Rewrite rewrite_;
  std::size_t number_ = 0;
};

template <typename Rewrite>
std::unique_ptr<DecoderStream> each_piece(Rewrite rewrite) {
  return std::make_unique<EachPiece<Rewrite>>(std::move(rewrite));
}

/// Waits for all parts of a piece, then gives it to `next`, a stream of whole pieces.
std::unique_ptr<DecoderStream> whole_piece(std::unique_ptr<DecoderStream> next);

/// Streams one behind the other.
std::unique_ptr<DecoderStream> chain(std::vector<std::unique_ptr<DecoderStream>> steps);

/// Bytes that come piece by piece, on their way to text: gives out whole characters; what is ill-formed
/// becomes U+FFFD.
class TextOfBytes {
 public:
  void push(std::string_view bytes, Pieces& out);
  void finish(Pieces& out);

 private:
  std::string bytes_;  ///< The beginning of a character; fewer than 4 bytes.
};

}  // namespace attnviz::tokenizer
