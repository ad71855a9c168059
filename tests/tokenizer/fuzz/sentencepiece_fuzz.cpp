// Any bytes as a SentencePiece model.
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(attnviz::fuzz::view(data, size));
  attnviz::fuzz::load_and_use({{"tokenizer.model", "tokenizer.model", bytes}});
  return 0;
}
