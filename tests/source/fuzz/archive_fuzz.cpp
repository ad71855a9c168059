// Any bytes as a TorchScript file, as TorchScript code and as a pickle. They may be refused with
// Error(kInput), nothing else; what is unpacked stays within what the file's size allows.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "attnviz/core.h"
#include "source/archive.h"
#include "source/file_access.h"
#include "source/pickle.h"

namespace {

template <class Work>
void may_refuse(Work&& work) {
  try {
    work();
  } catch (const attnviz::Error& error) {
    const std::string_view sentence = error.what();
    if (error.kind() != attnviz::ErrorKind::kInput || sentence.find('\n') != std::string_view::npos)
      std::abort();
    if (sentence.size() > 600 || attnviz::find_invalid_utf8(sentence)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  attnviz::source::find_file_call(bytes);
  attnviz::source::find_pickle_trouble(
      bytes, [](std::string_view key) { return std::optional<std::uint64_t>(key.size()); });
  may_refuse([&] {
    attnviz::source::ModelArchive archive(std::make_unique<std::istringstream>(bytes), "model.pt");
    may_refuse([&] { archive.read("extra/attnviz.json"); });
    archive.check();
  });
  may_refuse([&] {
    attnviz::source::ZipFile zip(std::make_unique<std::istringstream>(bytes), "a zip file");
    for (const attnviz::source::ZipEntry& entry : zip.entries()) {
      may_refuse([&] {
        if (zip.read(entry).size() != entry.size) std::abort();
      });
    }
  });
  return 0;
}
