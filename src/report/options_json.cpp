#include "report/options_json.h"

namespace attnviz::report {
namespace {

void write_option(JsonWriter& json, const OptionValue& option) {
  if (const auto* truth = std::get_if<bool>(&option)) return json.value(*truth);
  if (const auto* number = std::get_if<std::int64_t>(&option)) return json.value(*number);
  if (const auto* real = std::get_if<double>(&option)) return json.value(static_cast<float>(*real));
  if (const auto* text = std::get_if<std::string>(&option)) return json.value(*text);
  json.begin_array();
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&option)) {
    for (const std::int64_t number : *numbers) json.value(number);
  } else {
    for (const std::string& text : std::get<std::vector<std::string>>(option)) json.value(text);
  }
  json.end_array();
}

}  // namespace

void write_options(JsonWriter& json, const ManifestOptions& options) {
  json.begin_object();
  for (const auto& [name, option] : options) {
    json.key(name);
    write_option(json, option);
  }
  json.end_object();
}

}  // namespace attnviz::report
