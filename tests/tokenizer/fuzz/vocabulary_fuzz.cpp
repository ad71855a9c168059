// Any bytes as vocab.txt, as vocab.json with merges.txt, and as a configuration beside them: parts between
// zero bytes.
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = attnviz::fuzz::view(data, size);
  const auto part = [&] {
    const std::string_view taken = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(taken.size() < rest.size() ? taken.size() + 1 : taken.size());
    return std::string(taken);
  };
  const std::string first = part();
  const std::string second = part();
  const std::string third = part();
  attnviz::fuzz::load_and_use({{"vocab.txt", "vocab.txt", first}});
  attnviz::fuzz::load_and_use({{"vocab.txt", "vocab.txt", first}, {"tokenizer_config.json", "c", second}});
  attnviz::fuzz::load_and_use({{"vocab.json", "vocab.json", first}, {"merges.txt", "merges.txt", second}});
  attnviz::fuzz::load_and_use({{"vocab.json", "vocab.json", first},
                               {"merges.txt", "merges.txt", second},
                               {"tokenizer_config.json", "c", third},
                               {"special_tokens_map.json", "s", third}});
  return 0;
}
