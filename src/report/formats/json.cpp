#include "report/formats/format.h"

namespace attnviz::report {
namespace {

class JsonFormat final : public RunWriter {
 public:
  std::optional<std::string> token(const RunMaps& run, std::size_t index, int /*worker*/,
                                   OutputDirectory& folder, ManifestOutput& output) override {
    const TokenMap& map = run.tokens[index];
    output.json = "tokens/" + token_file_stem(map.token.index, map.token.text) + ".json";
    return folder.write(output.json, token_json(map));
  }
};

}  // namespace

std::unique_ptr<RunWriter> make_json_writer(const WriterOptions&) { return std::make_unique<JsonFormat>(); }

}  // namespace attnviz::report
