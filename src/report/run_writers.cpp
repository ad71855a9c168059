#include <array>

#include "report/formats/format.h"

namespace attnviz::report {

extern const RunFormat png_format, json_format, npz_format;  // Each in its own file.

namespace {

constexpr std::array kFormats = {&png_format, &json_format, &npz_format};

}  // namespace

std::span<const RunFormat* const> run_formats() noexcept { return kFormats; }

std::vector<std::unique_ptr<RunWriter>> make_run_writers(const WriterOptions& options) {
  std::vector<std::unique_ptr<RunWriter>> writers;
  for (const RunFormat* format : run_formats()) {
    if (auto writer = format->make(options)) writers.push_back(std::move(writer));
  }
  return writers;
}

std::string write_token_file(const RunFormat& format, const TokenMap& map, std::string_view bytes,
                             OutputDirectory& folder, ManifestOutput& output) {
  const std::string name = token_file(map.token.index, map.token.text, format.token);
  output.files.push_back({std::string(format.token), name});
  return folder.write(name, bytes);
}

std::string write_run_file(const RunFile& file, const std::function<void(const WriteAt&)>& content,
                           OutputDirectory& folder, Manifest& manifest) {
  manifest.files.push_back({std::string(file.member), std::string(file.name)});
  return folder.write(file.name, content);
}

}  // namespace attnviz::report
