/// The decoders of tokenizer.json.
#include <algorithm>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/components.h"
#include "tokenizer/json.h"
#include "tokenizer/labels.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/pattern.h"

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

std::string join(const std::vector<std::string>& pieces) {
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  return all;
}

class DecoderSequence final : public Decoder {
 public:
  explicit DecoderSequence(std::vector<std::unique_ptr<Decoder>> steps) : steps_(std::move(steps)) {}
  void decode(std::vector<std::string>& pieces) const override {
    for (const auto& step : steps_) step->decode(pieces);
  }

 private:
  std::vector<std::unique_ptr<Decoder>> steps_;
};

class ByteLevelDecoder final : public Decoder {
 public:
  void decode(std::vector<std::string>& pieces) const override {
    std::string bytes;
    for (const std::string& piece : pieces) bytes += from_byte_level(piece);
    pieces.assign(1, utf8::replace_invalid(bytes));
  }
};

class WordPieceDecoder final : public Decoder {
 public:
  explicit WordPieceDecoder(const json::Fields& fields)
      : prefix_(fields.text("prefix")), clean_up_(fields.flag("cleanup")) {}
  void decode(std::vector<std::string>& pieces) const override {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (i > 0) {
        if (pieces[i].starts_with(prefix_)) {
          pieces[i].erase(0, prefix_.size());
        } else {
          pieces[i].insert(pieces[i].begin(), ' ');
        }
      }
      if (clean_up_) clean_up(pieces[i]);
    }
  }

 private:
  std::string prefix_;
  bool clean_up_;
};

class MetaspaceDecoder final : public Decoder {
 public:
  explicit MetaspaceDecoder(const json::Fields& fields) : options_(read_metaspace(fields)) {}
  void decode(std::vector<std::string>& pieces) const override {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      std::string text;
      for (std::size_t k = 0; k < pieces[i].size();) {
        const char32_t c = utf8::next(pieces[i], k);
        if (c != options_.replacement) {
          utf8::append(text, c);
        } else if (i > 0 || options_.scheme == PrependScheme::kNever) {
          text.push_back(' ');
        }
      }
      pieces[i] = std::move(text);
    }
  }

 private:
  Metaspace options_;
};

class ReplaceDecoder final : public Decoder {
 public:
  explicit ReplaceDecoder(const json::Fields& fields)
      : pattern_(Pattern::read(fields, "pattern")), content_(fields.text("content")) {}
  void decode(std::vector<std::string>& pieces) const override {
    for (std::string& piece : pieces) {
      std::string text;
      std::size_t copied = 0;
      pattern_.for_each_match(piece, [&](std::size_t begin, std::size_t end) {
        text.append(piece, copied, begin - copied).append(content_);
        copied = end;
      });
      piece = text.append(piece, copied);
    }
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class ByteFallbackDecoder final : public Decoder {
 public:
  void decode(std::vector<std::string>& pieces) const override {
    std::vector<std::string> result;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (!find_invalid_utf8(bytes)) {
        result.push_back(bytes);
      } else {
        result.insert(result.end(), bytes.size(), std::string(kReplacement));
      }
      bytes.clear();
    };
    for (std::string& piece : pieces) {
      if (const auto byte = fallback_byte(piece)) {
        bytes.push_back(static_cast<char>(*byte));
      } else {
        flush();
        result.push_back(std::move(piece));
      }
    }
    flush();
    pieces = std::move(result);
  }
};

class FuseDecoder final : public Decoder {
 public:
  void decode(std::vector<std::string>& pieces) const override { pieces.assign(1, join(pieces)); }
};

class StripDecoder final : public Decoder {
 public:
  explicit StripDecoder(const json::Fields& fields)
      : content_(fields.character("content")), start_(fields.count("start")), stop_(fields.count("stop")) {}
  void decode(std::vector<std::string>& pieces) const override {
    const std::string content = utf8::encode(content_);
    for (std::string& piece : pieces) {
      std::string_view rest = piece;
      for (std::uint32_t i = 0; i < start_ && rest.starts_with(content); ++i)
        rest.remove_prefix(content.size());
      for (std::uint32_t i = 0; i < stop_ && rest.ends_with(content); ++i) rest.remove_suffix(content.size());
      piece = std::string(rest);
    }
  }

 private:
  char32_t content_;
  std::uint32_t start_;
  std::uint32_t stop_;
};

class BpeDecoder final : public Decoder {
 public:
  explicit BpeDecoder(const json::Fields& fields)
      : suffix_(fields.optional_text("suffix").value_or("</w>")) {}
  void decode(std::vector<std::string>& pieces) const override {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      pieces[i] = replace_all(pieces[i], suffix_, i + 1 == pieces.size() ? "" : " ");
    }
  }

 private:
  std::string suffix_;
};

class CtcDecoder final : public Decoder {
 public:
  explicit CtcDecoder(const json::Fields& fields)
      : pad_(fields.text("pad_token")),
        word_delimiter_(fields.text("word_delimiter_token")),
        clean_up_(fields.flag("cleanup")) {}
  void decode(std::vector<std::string>& pieces) const override {
    pieces.erase(std::unique(pieces.begin(), pieces.end()), pieces.end());
    for (std::string& piece : pieces) {
      piece = replace_all(piece, pad_, "");
      if (!clean_up_) continue;
      clean_up(piece);
      piece = replace_all(piece, word_delimiter_, " ");
    }
    std::erase(pieces, std::string());
  }

 private:
  std::string pad_;
  std::string word_delimiter_;
  bool clean_up_;
};

std::unique_ptr<Decoder> make_sequence(const json::Fields& fields) {
  std::vector<std::unique_ptr<Decoder>> steps;
  for (const json::Value& step : fields.need("decoders", json::Kind::kArray).items) {
    if (auto made = make_decoder(step, fields.where())) steps.push_back(std::move(made));
  }
  return std::make_unique<DecoderSequence>(std::move(steps));
}

}  // namespace

std::unique_ptr<Decoder> make_decoder(const json::Value& value, const std::string& where) {
  if (value.is(json::Kind::kNull)) return nullptr;
  const std::string type(json::Fields(value, where, "decoder").text("type"));
  const json::Fields fields(value, where, "decoder " + type);
  if (type == "Sequence") return make_sequence(fields);
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "WordPiece") return std::make_unique<WordPieceDecoder>(fields);
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
