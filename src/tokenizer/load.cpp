#include <algorithm>
#include <array>

#include "attnviz/tokenizer.h"
#include "tokenizer/files.h"

namespace attnviz::tokenizer {
namespace {

constexpr std::array<std::string_view, 7> kFileNames = {
    "tokenizer.json",        "tokenizer.model",        "vocab.txt", "vocab.json", "merges.txt",
    "tokenizer_config.json", "special_tokens_map.json"};

/// Null where there is none. Throws kInput for an empty one, which no tokenizer writes but for merges.txt.
const CompanionFile* find(std::span<const CompanionFile> files, std::string_view name) {
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const CompanionFile& f) { return f.name == name; });
  if (found == files.end()) return nullptr;
  if (found->bytes.empty() && name != "merges.txt")
    throw Error(ErrorKind::kInput, found->where + " is empty; a tokenizer's file was expected");
  return &*found;
}

}  // namespace

std::span<const std::string_view> tokenizer_file_names() noexcept { return kFileNames; }

std::unique_ptr<Tokenizer> load_tokenizer(std::span<const CompanionFile> files) {
  const auto config = [&] {
    return read_tokenizer_config(find(files, "tokenizer_config.json"),
                                 find(files, "special_tokens_map.json"));
  };
  if (const CompanionFile* const file = find(files, "tokenizer.json")) {
    return make_tokenizer(read_tokenizer_json(*file, config()));
  }
  if (const CompanionFile* const file = find(files, "tokenizer.model")) {
    return make_tokenizer(read_sentencepiece_model(*file, config()));
  }
  if (const CompanionFile* const file = find(files, "vocab.txt")) {
    return make_tokenizer(read_vocab_txt(*file, config()));
  }
  const CompanionFile* const vocab = find(files, "vocab.json");
  const CompanionFile* const merges = find(files, "merges.txt");
  if (vocab != nullptr && merges != nullptr)
    return make_tokenizer(read_vocab_merges(*vocab, *merges, config()));
  if (vocab != nullptr || merges != nullptr) {
    throw Error(ErrorKind::kInput, (vocab != nullptr ? vocab->where + " needs merges.txt beside it"
                                                     : merges->where + " needs vocab.json beside it"));
  }
  return nullptr;
}

}  // namespace attnviz::tokenizer
