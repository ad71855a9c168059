#include "source/formats.h"

#include <array>
#include <span>

#include "source/config.h"

namespace attnviz::source {

extern const Format torchscript_format;  // Each in its own file.

namespace {

// In the order in which they are asked. TorchScript, the last, says of what is of no format what it is.
constexpr std::array kFormats = {&torchscript_format};

constexpr std::array<std::string_view, 3> kConfigNames = {"attnviz.json", "config.json",
                                                          "tokenizer_config.json"};

}  // namespace

std::unique_ptr<ModelSource> ModelSource::open(const std::string& path) {
  for (const Format* format : kFormats) {
    if (auto source = format->open(path)) return source;
  }
  throw Error(ErrorKind::kInput, "the model '" + path + "' is of no format that attnviz knows");
}

ModelDescription ModelSource::describe(const std::optional<std::string>& config) const {
  const std::span names(kConfigNames);
  std::vector<CompanionFile> files = companions(config ? names.subspan(1) : names);
  if (config) {
    auto bytes = read_file(*config);
    if (!bytes) throw Error(ErrorKind::kInput, "the configuration '" + *config + "' cannot be read");
    files.push_back({"attnviz.json", *config, std::move(*bytes)});
  }
  return describe_model(files);
}

}  // namespace attnviz::source
