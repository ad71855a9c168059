#include "report/formats/format.h"

namespace attnviz::report {

extern const RunFormat json_format;

namespace {

class JsonFormat final : public RunWriter {
 public:
  std::optional<std::string> token(const RunMaps& run, std::size_t index, int /*worker*/,
                                   OutputDirectory& folder, ManifestOutput& output) override {
    const TokenMap& map = run.tokens[index];
    return write_token_file(json_format, map, token_json(map), folder, output);
  }
};

}  // namespace

// Never left out: diff reads it back.
const RunFormat json_format{
    .token = "json", .optional = false, .make = [](const WriterOptions&) -> std::unique_ptr<RunWriter> {
      return std::make_unique<JsonFormat>();
    }};

}  // namespace attnviz::report
