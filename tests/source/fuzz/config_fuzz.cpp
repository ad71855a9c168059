// Any bytes as attnviz.json, config.json and tokenizer_config.json: parts between zero bytes. They may be
// refused with Error(kInput), nothing else.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "source/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<attnviz::CompanionFile> files;
  for (const char* name : {"attnviz.json", "config.json", "tokenizer_config.json"}) {
    const std::string_view part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(part.size() < rest.size() ? part.size() + 1 : part.size());
    if (!part.empty()) files.push_back({name, name, std::string(part)});
  }
  try {
    const attnviz::source::ModelDescription description = attnviz::source::describe_model(files);
    for (const std::int64_t id : description.config.eos) {
      if (id < 0) std::abort();
    }
    if (description.config.max_length.value_or(1) < 1) std::abort();
  } catch (const attnviz::Error& error) {
    const std::string_view sentence = error.what();
    if (error.kind() != attnviz::ErrorKind::kInput || sentence.find('\n') != std::string_view::npos)
      std::abort();
    if (sentence.size() > 400 || attnviz::find_invalid_utf8(sentence)) std::abort();
  }
  return 0;
}
