/// The decoders of tokenizer.json.
#include <algorithm>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/components.h"
#include "tokenizer/decoder_streams.h"
#include "tokenizer/json.h"
#include "tokenizer/labels.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/pattern.h"
#include "tokenizer/stages.h"

namespace attnviz::tokenizer {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";

/// What the reference undoes of English tokenization.
void clean_up(std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> kChanges[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kChanges) text = replace_all(text, from, to);
}

class DecoderSequence final : public Decoder {
 public:
  explicit DecoderSequence(std::vector<std::unique_ptr<Decoder>> steps) : steps_(std::move(steps)) {}
  std::unique_ptr<DecoderStream> stream() const override { return make(false); }
  std::unique_ptr<DecoderStream> stream_of_parts() const override { return make(true); }
  bool fuses() const noexcept override {
    return std::any_of(steps_.begin(), steps_.end(), [](const auto& step) { return step->fuses(); });
  }

 private:
  std::unique_ptr<DecoderStream> make(bool parts) const {
    std::vector<std::unique_ptr<DecoderStream>> streams;
    for (const auto& step : steps_) {
      streams.push_back(parts ? step->stream_of_parts() : step->stream());
      parts = parts || step->fuses();
    }
    return chain(std::move(streams));
  }

  std::vector<std::unique_ptr<Decoder>> steps_;
};

class ByteLevelDecoder final : public Decoder {
 public:
  std::unique_ptr<DecoderStream> stream() const override { return std::make_unique<Bytes>(); }
  bool fuses() const noexcept override { return true; }

 private:
  class Bytes final : public Stream<Bytes> {
   public:
    void push(std::string piece, Pieces& out) override { text_.push(from_byte_level(piece), out); }
    void finish(Pieces& out) override { text_.finish(out); }

   private:
    TextOfBytes text_;
  };
};

class WordPieceDecoder final : public Decoder {
 public:
  WordPieceDecoder(std::string prefix, bool clean_up) : prefix_(std::move(prefix)), clean_up_(clean_up) {}
  std::unique_ptr<DecoderStream> stream() const override {
    return each_piece([this](std::string piece, std::size_t number) {
      if (number > 0) {
        if (piece.starts_with(prefix_)) {
          piece.erase(0, prefix_.size());
        } else {
          piece.insert(piece.begin(), ' ');
        }
      }
      if (clean_up_) clean_up(piece);
      return piece;
    });
  }

 private:
  std::string prefix_;
  bool clean_up_;
};

class MetaspaceDecoder final : public Decoder {
 public:
  explicit MetaspaceDecoder(const json::Fields& fields) : options_(read_metaspace(fields)) {}
  std::unique_ptr<DecoderStream> stream() const override {
    return each_piece([this](std::string_view piece, std::size_t number) {
      std::string text;
      for (std::size_t i = 0; i < piece.size();) {
        const char32_t c = utf8::next(piece, i);
        if (c != options_.replacement) {
          utf8::append(text, c);
        } else if (number > 0 || options_.scheme == PrependScheme::kNever) {
          text.push_back(' ');
        }
      }
      return text;
    });
  }

 private:
  Metaspace options_;
};

class ReplaceDecoder final : public Decoder {
 public:
  explicit ReplaceDecoder(const json::Fields& fields)
      : pattern_(Pattern::read(fields, "pattern")), content_(fields.text("content")) {}
  std::unique_ptr<DecoderStream> stream() const override {
    return each_piece([this](const std::string& piece, std::size_t) {
      std::string text;
      std::size_t copied = 0;
      pattern_.for_each_match(piece, [&](std::size_t begin, std::size_t end) {
        text.append(piece, copied, begin - copied).append(content_);
        copied = end;
      });
      return text.append(piece, copied);
    });
  }

 private:
  Pattern pattern_;
  std::string content_;
};

/// No decoder: spaces between the pieces.
class SpacingDecoder final : public Decoder {
 public:
  std::unique_ptr<DecoderStream> stream() const override {
    return each_piece(
        [](std::string piece, std::size_t number) { return number > 0 ? " " + piece : std::move(piece); });
  }
};

class ByteFallbackDecoder final : public Decoder {
 public:
  std::unique_ptr<DecoderStream> stream() const override { return std::make_unique<Run>(); }

 private:
  /// A run of byte pieces is text, or one U+FFFD for each of them.
  class Run final : public Stream<Run> {
   public:
    void push(std::string piece, Pieces& out) override {
      const auto byte = fallback_byte(piece);
      if (!byte) {
        finish(out);
        damaged_ = false;
        out.push_back(std::move(piece));
        return;
      }
      bytes_.push_back(static_cast<char>(*byte));
      if (!damaged_) check();
      if (damaged_) {
        out.insert(out.end(), bytes_.size(), std::string(kReplacement));
        bytes_.clear();
        good_ = 0;
      }
    }
    void finish(Pieces& out) override {
      if (bytes_.empty()) return;
      if (good_ == bytes_.size()) {
        out.push_back(std::move(bytes_));
      } else {
        out.insert(out.end(), bytes_.size(), std::string(kReplacement));
      }
      bytes_.clear();
      good_ = 0;
    }

   private:
    /// Looks at what is behind the characters that are known to be good.
    void check() {
      while (good_ < bytes_.size()) {
        const utf8::Sequence found = utf8::sequence_at(bytes_, good_);
        damaged_ = !found.is_character && !found.is_cut_off;
        if (!found.is_character) return;
        good_ += found.length;
      }
    }

    std::string bytes_;
    std::size_t good_ = 0;
    bool damaged_ = false;  ///< What follows in the run is no text either.
  };
};

class FuseDecoder final : public Decoder {
 public:
  std::unique_ptr<DecoderStream> stream() const override {
    return each_piece([](std::string part, std::size_t) { return part; });
  }
  std::unique_ptr<DecoderStream> stream_of_parts() const override { return stream(); }
  bool fuses() const noexcept override { return true; }
};

class StripDecoder final : public Decoder {
 public:
  explicit StripDecoder(const json::Fields& fields)
      : content_(utf8::encode(fields.character("content"))),
        start_(fields.count("start")),
        stop_(fields.count("stop")) {}
  std::unique_ptr<DecoderStream> stream() const override {
    return each_piece([this](std::string_view piece, std::size_t) {
      for (std::uint32_t i = 0; i < start_ && piece.starts_with(content_); ++i)
        piece.remove_prefix(content_.size());
      for (std::uint32_t i = 0; i < stop_ && piece.ends_with(content_); ++i)
        piece.remove_suffix(content_.size());
      return std::string(piece);
    });
  }
  /// As Llama's files want it: a space at the beginning of the whole text.
  std::unique_ptr<DecoderStream> stream_of_parts() const override {
    if (stop_ > 0) return Decoder::stream_of_parts();
    return std::make_unique<Beginning>(content_, start_);
  }

 private:
  class Beginning final : public Stream<Beginning> {
   public:
    Beginning(std::string content, std::uint32_t most) : content_(std::move(content)), left_(most) {}
    void push(std::string part, Pieces& out) override {
      if (left_ == 0) {
        out.push_back(std::move(part));
        return;
      }
      begun_ += part;
      while (left_ > 0 && begun_.starts_with(content_)) {
        begun_.erase(0, content_.size());
        --left_;
      }
      if (begun_.size() >= content_.size() || !std::string_view(content_).starts_with(begun_)) left_ = 0;
      if (left_ == 0) finish(out);
    }
    void finish(Pieces& out) override {
      if (!begun_.empty()) out.push_back(std::move(begun_));
      begun_.clear();
    }

   private:
    std::string content_;
    std::uint32_t left_;  ///< How often it may still be taken away.
    std::string begun_;   ///< The beginning of the text, while it could be another `content_`.
  };

  std::string content_;
  std::uint32_t start_;
  std::uint32_t stop_;
};

class BpeDecoder final : public Decoder {
 public:
  explicit BpeDecoder(const json::Fields& fields)
      : suffix_(fields.optional_text("suffix").value_or("</w>")) {}
  std::unique_ptr<DecoderStream> stream() const override { return std::make_unique<Last>(suffix_); }

 private:
  /// The suffix is a space, but nothing in the last piece.
  class Last final : public Stream<Last> {
   public:
    explicit Last(std::string suffix) : suffix_(std::move(suffix)) {}
    void push(std::string piece, Pieces& out) override {
      if (last_) out.push_back(replace_all(*last_, suffix_, " "));
      last_ = std::move(piece);
    }
    void finish(Pieces& out) override {
      if (last_) out.push_back(replace_all(*last_, suffix_, ""));
    }

   private:
    std::string suffix_;
    std::optional<std::string> last_;
  };

  std::string suffix_;
};

class CtcDecoder final : public Decoder {
 public:
  explicit CtcDecoder(const json::Fields& fields)
      : pad_(fields.text("pad_token")),
        word_delimiter_(fields.text("word_delimiter_token")),
        clean_up_(fields.flag("cleanup")) {}
  std::unique_ptr<DecoderStream> stream() const override { return std::make_unique<Changes>(*this); }

 private:
  /// Of equal neighbours one is kept.
  class Changes final : public Stream<Changes> {
   public:
    explicit Changes(const CtcDecoder& decoder) : decoder_(&decoder) {}
    void push(std::string piece, Pieces& out) override {
      if (previous_ == piece) return;
      std::string text = replace_all(piece, decoder_->pad_, "");
      if (decoder_->clean_up_) {
        clean_up(text);
        text = replace_all(text, decoder_->word_delimiter_, " ");
      }
      previous_ = std::move(piece);
      if (!text.empty()) out.push_back(std::move(text));
    }
    void finish(Pieces&) override {}

   private:
    const CtcDecoder* decoder_;
    std::optional<std::string> previous_;
  };

  std::string pad_;
  std::string word_delimiter_;
  bool clean_up_;
};

std::unique_ptr<Decoder> read_decoders(const json::Fields& fields) {
  std::vector<std::unique_ptr<Decoder>> steps;
  for (const json::Value& step : fields.need("decoders", json::Kind::kArray).items) {
    if (auto made = make_decoder(step, fields.where())) steps.push_back(std::move(made));
  }
  return std::make_unique<DecoderSequence>(std::move(steps));
}

}  // namespace

std::unique_ptr<Decoder> make_spacing_decoder() { return std::make_unique<SpacingDecoder>(); }

std::unique_ptr<Decoder> make_byte_level_decoder() { return std::make_unique<ByteLevelDecoder>(); }

std::unique_ptr<Decoder> make_wordpiece_decoder(std::string prefix, bool clean_up) {
  return std::make_unique<WordPieceDecoder>(std::move(prefix), clean_up);
}

std::unique_ptr<Decoder> make_decoder(const json::Value& value, const std::string& where) {
  if (value.is(json::Kind::kNull)) return nullptr;
  const std::string type(json::Fields(value, where, "decoder").text("type"));
  const json::Fields fields(value, where, "decoder " + type);
  if (type == "Sequence") return read_decoders(fields);
  if (type == "ByteLevel") return make_byte_level_decoder();
  if (type == "WordPiece") {
    return make_wordpiece_decoder(std::string(fields.text("prefix")), fields.flag("cleanup"));
  }
  if (type == "Metaspace") return std::make_unique<MetaspaceDecoder>(fields);
  if (type == "Replace") return std::make_unique<ReplaceDecoder>(fields);
  if (type == "ByteFallback") return std::make_unique<ByteFallbackDecoder>();
  if (type == "Fuse") return std::make_unique<FuseDecoder>();
  if (type == "Strip") return std::make_unique<StripDecoder>(fields);
  if (type == "BPEDecoder") return std::make_unique<BpeDecoder>(fields);
  if (type == "CTC") return std::make_unique<CtcDecoder>(fields);
  fields.fail("this decoder is not supported");
}

}  // namespace attnviz::tokenizer
