#include "tokenizer/decoder_streams.h"

#include <iterator>

#include "core/utf8.h"

namespace attnviz::tokenizer {
namespace {

/// Waits for all parts of a piece, then gives it to a stream of whole pieces.
class WholePiece final : public DecoderStream {
 public:
  explicit WholePiece(std::unique_ptr<DecoderStream> next) : next_(std::move(next)) {}
  void push(std::string part, Pieces&) override { piece_ += part; }
  void finish(Pieces& out) override {
    next_->push(std::move(piece_), out);
    next_->finish(out);
  }
  std::unique_ptr<DecoderStream> clone() const override {
    auto copy = std::make_unique<WholePiece>(next_->clone());
    copy->piece_ = piece_;
    return copy;
  }

 private:
  std::unique_ptr<DecoderStream> next_;
  std::string piece_;
};

/// Steps one after the other.
class Steps final : public DecoderStream {
 public:
  explicit Steps(std::vector<std::unique_ptr<DecoderStream>> steps) : steps_(std::move(steps)) {}
  void push(std::string piece, Pieces& out) override {
    Pieces pieces;
    pieces.push_back(std::move(piece));
    pass(0, pieces);
    move_to(out, pieces);
  }
  void finish(Pieces& out) override {
    for (std::size_t step = 0; step < steps_.size(); ++step) {
      Pieces pieces;
      steps_[step]->finish(pieces);
      pass(step + 1, pieces);
      move_to(out, pieces);
    }
  }
  std::unique_ptr<DecoderStream> clone() const override {
    std::vector<std::unique_ptr<DecoderStream>> copies;
    for (const auto& step : steps_) copies.push_back(step->clone());
    return std::make_unique<Steps>(std::move(copies));
  }

 private:
  /// Sends `pieces` through the steps from `step` on.
  void pass(std::size_t step, Pieces& pieces) {
    for (; step < steps_.size() && !pieces.empty(); ++step) {
      Pieces next;
      for (std::string& piece : pieces) steps_[step]->push(std::move(piece), next);
      pieces = std::move(next);
    }
  }
  static void move_to(Pieces& out, Pieces& pieces) {
    out.insert(out.end(), std::make_move_iterator(pieces.begin()), std::make_move_iterator(pieces.end()));
  }

  std::vector<std::unique_ptr<DecoderStream>> steps_;
};

}  // namespace

std::unique_ptr<DecoderStream> Decoder::stream_of_parts() const { return whole_piece(stream()); }

std::unique_ptr<DecoderStream> whole_piece(std::unique_ptr<DecoderStream> next) {
  return std::make_unique<WholePiece>(std::move(next));
}

std::unique_ptr<DecoderStream> chain(std::vector<std::unique_ptr<DecoderStream>> steps) {
  return std::make_unique<Steps>(std::move(steps));
}

void TextOfBytes::push(std::string_view bytes, Pieces& out) {
  bytes_ += bytes;
  std::size_t whole = 0;
  while (whole < bytes_.size()) {
    const utf8::Sequence found = utf8::sequence_at(bytes_, whole);
    if (found.is_cut_off) break;
    whole += found.length;
  }
  if (whole > 0) out.push_back(utf8::replace_invalid(std::string_view(bytes_).substr(0, whole)));
  bytes_.erase(0, whole);
}

void TextOfBytes::finish(Pieces& out) {
  if (!bytes_.empty()) out.push_back(utf8::replace_invalid(bytes_));
  bytes_.clear();
}

}  // namespace attnviz::tokenizer
