// Any bytes as a line of a batch. What is taken must be a record that the contract allows.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attnviz/run.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

void check(const attnviz::BatchLine& line) {
  const attnviz::InputRecord& record = line.record;
  require(!line.id.empty() && line.id.size() <= 100 && line.id.front() != '.');
  require(line.id.find('/') == std::string::npos && line.id != "manifest.json");
  require(record.text.has_value() + !record.segments.empty() + !record.ids.empty() == 1);
  require(!record.target || record.target_ids.empty());
  require(!record.generate || *record.generate > 0);
  for (const auto* text : {&record.text, &record.pair, &record.target})
    require(!*text || !attnviz::find_invalid_utf8(**text));
  for (const std::int64_t id : record.ids) require(id >= 0);
  const auto& asked = record.tokens.positions;
  for (std::size_t i = 1; i < asked.size(); ++i) require(asked[i - 1] < asked[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  attnviz::BatchLine line, again;
  try {
    attnviz::parse_batch_line({reinterpret_cast<const char*>(data), size}, line);
  } catch (const attnviz::Error& error) {
    require(error.kind() == attnviz::ErrorKind::kInput);
    return 0;
  }
  check(line);
  attnviz::parse_batch_line(line.json, again);
  require(again.json == line.json && again.id == line.id);
  return 0;
}
