#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "attnviz/run.h"
#include "core/utf8.h"
#include "run/token_selection.h"

namespace attnviz::run {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostGenerated = 1'000'000;
constexpr std::size_t kLongestId = 100;
/// An object with segments, which are objects.
constexpr int kDeepest = 3;

[[noreturn]] void refuse(const std::string& sentence) { throw Error(ErrorKind::kInput, sentence); }

/// `name` as JSON writes it.
std::string member(std::string_view name) { return '"' + std::string(name) + '"'; }

/// Parses one object; a name that comes twice in it is refused, as one of the two would be ignored.
json parse_object(std::string_view text) {
  std::vector<std::set<std::string>> names;  // of each object around
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kDeepest)
      refuse("nests deeper than a record does; expected an object as {\"id\": \"…\", \"text\": \"…\"}");
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second)
      refuse("has " + member(parsed.get<std::string>()) + " twice; leave one of them out");
    return true;
  };
  try {
    json object = json::parse(text.begin(), text.end(), watch);
    if (object.is_object()) return object;
  } catch (const json::parse_error& error) {
    throw Error(ErrorKind::kInput,
                "is not JSON (byte " + std::to_string(error.byte) +
                    "); expected one object a line, as {\"id\": \"…\", \"text\": \"…\"}",
                error.what());
  } catch (const json::out_of_range& error) {
    throw Error(ErrorKind::kInput, "holds a number that is larger than any number may be", error.what());
  }
  refuse("is no object; expected one a line, as {\"id\": \"…\", \"text\": \"…\"}");
}

std::string text_of(const json& value, std::string_view name) {
  if (!value.is_string()) refuse(member(name) + " is " + value.type_name() + "; expected a string");
  return value.get<std::string>();
}

std::int64_t number_of(const json& value, std::string_view name, std::int64_t least, std::int64_t most) {
  const bool fits =
      value.is_number_integer() &&
      (!value.is_number_unsigned() || value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most));
  if (!fits || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most) {
    refuse(member(name) + " holds " + (value.is_primitive() ? value.dump() : value.type_name()) +
           "; expected whole numbers from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value.get<std::int64_t>();
}

std::vector<std::int64_t> numbers_of(const json& value, std::string_view name, std::int64_t most) {
  if (!value.is_array() || value.empty())
    refuse(member(name) + " is " + (value.is_array() ? "empty" : value.type_name()) +
           "; expected an array of numbers");
  std::vector<std::int64_t> numbers;
  for (const json& number : value) numbers.push_back(number_of(number, name, 0, most));
  return numbers;
}

std::vector<std::int64_t> read_ids(const json& value, std::string_view name) {
  return numbers_of(value, name, std::numeric_limits<std::int64_t>::max());
}

TokenSelection selection_of(const json& value) {
  constexpr std::string_view kExpected = "; expected an array as [3, -1, \"[CLS]\"] or \"3,7-12,-1,[CLS]\"";
  if (!value.is_string() && (!value.is_array() || value.empty()))
    refuse(std::string("\"tokens\" is ") + (value.is_array() ? "empty" : value.type_name()) +
           std::string(kExpected));
  try {
    if (value.is_string()) return parse_tokens("\"tokens\"", value.get<std::string>());
    std::set<std::int64_t> positions;
    TokenSelection selection;
    for (const json& one : value) {
      if (one.is_string()) {
        for (std::string& name : parse_tokens("\"tokens\"", one.get<std::string>()).names)
          selection.names.push_back(std::move(name));
      } else {
        positions.insert(number_of(one, "tokens", -kLargestPosition, kLargestPosition));
      }
    }
    selection.positions.assign(positions.begin(), positions.end());
    return selection;
  } catch (const Error& error) {
    refuse(error.what());
  }
}

std::vector<NamedText> segments_of(const json& value) {
  constexpr std::string_view kExpected = "; expected an array of {\"name\": \"…\", \"text\": \"…\"}";
  if (!value.is_array() || value.empty()) {
    refuse(std::string("\"segments\" is ") + (value.is_array() ? "empty" : value.type_name()) +
           std::string(kExpected));
  }
  std::vector<NamedText> segments;
  for (const json& segment : value) {
    if (!segment.is_object() || segment.size() != 2 || !segment.contains("name") ||
        !segment.contains("text")) {
      refuse("\"segments\" holds " +
             (segment.is_object() ? "an object with other members" : std::string(segment.type_name())) +
             std::string(kExpected));
    }
    segments.push_back({text_of(segment["name"], "name"), text_of(segment["text"], "text")});
  }
  return segments;
}

/// An id as a sentence can show it: escaped, and cut where it is long.
std::string shown(const std::string& id) {
  constexpr std::size_t kShown = 60;
  const std::string_view begin = utf8::prefix(id, kShown);
  const std::string shown = json(begin).dump();
  return begin.size() == id.size() ? shown : shown + "… (" + std::to_string(id.size()) + " bytes)";
}

/// The name of a folder beside manifest.json.
std::string id_of(const json& value) {
  std::string id = text_of(value, "id");
  const bool plain = std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  });
  if (!plain || id.empty() || id.front() == '.' || id.size() > kLongestId) {
    refuse("\"id\" is " + shown(id) +
           ", but names the record's folder; expected 1 to 100 of A-Z, a-z, 0-9, '.', '_' and '-', the first "
           "not '.'");
  }
  if (id.starts_with("manifest.json") || id.starts_with("diff.json"))
    refuse("\"id\" is '" + id + "', a name that the batch needs itself; choose another one");
  return id;
}

void read_field(InputRecord& record, const std::string& name, const json& value) {
  if (name == "text") {
    record.text = text_of(value, name);
  } else if (name == "segments") {
    record.segments = segments_of(value);
  } else if (name == "ids") {
    record.ids = read_ids(value, name);
  } else if (name == "pair") {
    record.pair = text_of(value, name);
  } else if (name == "target") {
    record.target = text_of(value, name);
  } else if (name == "target_ids") {
    record.target_ids = read_ids(value, name);
  } else if (name == "generate") {
    record.generate = number_of(value, name, 1, kMostGenerated);
  } else if (name == "tokens") {
    record.tokens = selection_of(value);
  } else if (name != "id") {
    refuse("has an unknown member " + json(name).dump() +
           "; those known are id, text, segments, ids, pair, target, target_ids, generate and tokens");
  }
}

void read_fields(const json& object, InputRecord& record) {
  for (const auto& [name, value] : object.items()) read_field(record, name, value);
  const auto count = object.contains("text") + object.contains("segments") + object.contains("ids");
  if (count != 1) {
    refuse(std::string(count == 0 ? "has no input" : "has more than one input") +
           "; give exactly one of \"text\", \"segments\" and \"ids\"");
  }
  if (object.contains("target") && object.contains("target_ids"))
    refuse("has \"target\" and \"target_ids\"; give one of them");
}

}  // namespace

void parse_record(std::string_view text, InputRecord& record) {
  record = {};
  read_fields(parse_object(text), record);
}

void parse_batch_line(std::string_view text, BatchLine& line) {
  line = {};
  const json object = parse_object(text);
  if (!object.contains("id")) refuse("has no \"id\", which names the record's folder; give it one");
  line.id = id_of(object["id"]);
  line.json = object.dump();
  read_fields(object, line.record);
}

}  // namespace attnviz::run
