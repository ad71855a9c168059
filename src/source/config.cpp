#include "source/config.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "core/utf8.h"

namespace attnviz::source {

namespace {

using nlohmann::json;

// A description of a model is short and flat; tokenizer_config.json, with all added tokens, is the longest.
constexpr std::size_t kMostBytes = std::size_t{16} << 20U;
constexpr int kDeepestLevel = 64;

// Lengths above this are what tokenizer_config.json writes for "no limit".
constexpr double kNoLimit = 1e7;

[[noreturn]] void refuse_key(const CompanionFile& file, const std::string& key, const std::string& expected) {
  throw Error(ErrorKind::kInput, file.where + ": \"" + utf8::shown(key) + "\" must be " + expected);
}

void refuse_encoding(const CompanionFile& file) {
  if (file.bytes.size() > kMostBytes) {
    throw Error(ErrorKind::kInput, file.where + " has " + std::to_string(file.bytes.size()) +
                                       " bytes, a description of a model at most " +
                                       std::to_string(kMostBytes));
  }
  const auto invalid = find_invalid_utf8(file.bytes);
  if (!invalid) return;
  const bool wide = file.bytes.starts_with("\xFF\xFE") || file.bytes.starts_with("\xFE\xFF");
  throw Error(ErrorKind::kInput,
              file.where + (wide ? " is UTF-16" : " is not UTF-8 (byte " + std::to_string(*invalid) + ")") +
                  "; save it as UTF-8");
}

std::int64_t line_of(const std::string& text, std::size_t byte) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text.size()));
  return 1 + std::count(text.begin(), end, '\n');
}

// What a parsed object may not be: too deep for recursion over it and, where its keys are ours, ambiguous.
json::parser_callback_t limits_of(const CompanionFile& file, bool ours) {
  return [&file, ours, keys = std::set<std::string>()](int depth, json::parse_event_t event,
                                                       json& value) mutable {
    if (depth > kDeepestLevel) {
      throw Error(ErrorKind::kInput,
                  file.where + " is nested deeper than " + std::to_string(kDeepestLevel) + " levels");
    }
    if (ours && depth == 1 && event == json::parse_event_t::key &&
        !keys.insert(value.get<std::string>()).second) {
      throw Error(ErrorKind::kInput,
                  file.where + " has the key \"" + utf8::shown(value.get<std::string>()) + "\" twice");
    }
    return true;
  };
}

json parse_object(const CompanionFile& file, bool ours) {
  refuse_encoding(file);
  json parsed;
  try {
    parsed = json::parse(file.bytes, limits_of(file, ours));
  } catch (const json::parse_error& error) {
    throw Error(ErrorKind::kInput,
                file.where + " is not JSON (line " + std::to_string(line_of(file.bytes, error.byte)) + ")",
                error.what());
  } catch (const json::exception& error) {
    throw Error(ErrorKind::kInput, file.where + " is not JSON that can be read", error.what());
  }
  if (!parsed.is_object()) throw Error(ErrorKind::kInput, file.where + " must hold a JSON object");
  return parsed;
}

Task task_of(const CompanionFile& file, const json& value) {
  for (const Task task : {Task::kEncoder, Task::kCausalLm, Task::kSeq2Seq}) {
    if (value.is_string() && value.get<std::string>() == to_string(task)) return task;
  }
  refuse_key(file, "task", R"("encoder", "causal-lm" or "seq2seq")");
}

std::int64_t id_of(const CompanionFile& file, const std::string& key, const json& value) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0) {
    refuse_key(file, key, key == "eos" ? "a token id or a list of token ids" : "a number of at least 0");
  }
  return value.get<std::int64_t>();
}

std::vector<std::int64_t> ids_of(const CompanionFile& file, const std::string& key, const json& value) {
  if (!value.is_array()) return {id_of(file, key, value)};
  std::vector<std::int64_t> ids;
  for (const json& element : value) ids.push_back(id_of(file, key, element));
  return ids;
}

std::string string_of(const CompanionFile& file, const std::string& key, const json& value) {
  if (!value.is_string()) refuse_key(file, key, "a string");
  return value.get<std::string>();
}

std::string logits_of(const CompanionFile& file, const json& value) {
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0) return value.dump();
  if (!value.is_string() || value.get<std::string>().empty()) {
    refuse_key(file, "logits", "an index or a key of the output");
  }
  return value.get<std::string>();
}

bool fits_int64(const json& value) {
  return value.is_number_integer() &&
         (!value.is_number_unsigned() ||
          value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
}

// Appends the numbers of `value`, which lies in `depth` lists; false where it is not of `list.shape`.
bool append_numbers(const json& value, std::size_t depth, NumberList& list) {
  if (value.is_array()) {
    return depth < list.shape.size() && static_cast<std::int64_t>(value.size()) == list.shape[depth] &&
           std::all_of(value.begin(), value.end(),
                       [&](const json& element) { return append_numbers(element, depth + 1, list); });
  }
  if (depth != list.shape.size() || !(value.is_number() || value.is_boolean())) return false;
  list.values.push_back(value.is_boolean() ? static_cast<double>(value.get<bool>()) : value.get<double>());
  list.whole = list.whole && !value.is_number_float();
  return true;
}

// Nothing for what no argument takes: an object, or lists that are not even.
std::optional<Literal> literal_of(const json& value) {
  if (value.is_null()) return Literal();
  if (value.is_boolean()) return value.get<bool>();
  if (fits_int64(value)) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  NumberList list;
  for (const json* level = &value; level->is_array(); level = &level->front()) {
    list.shape.push_back(static_cast<std::int64_t>(level->size()));
    if (level->empty()) break;
  }
  return value.is_array() && append_numbers(value, 0, list) ? std::optional<Literal>(std::move(list))
                                                            : std::nullopt;
}

Role role_of(const CompanionFile& file, const std::string& argument, const json& value) {
  if (value.is_string()) {
    if (const auto role = parse_role(value.get<std::string>())) return *role;
  } else if (auto literal = literal_of(value)) {
    return {.kind = Role::Kind::kLiteral, .written = value.dump(), .literal = *std::move(literal)};
  }
  const std::string found =
      value.is_string() ? '"' + utf8::shown(value.get<std::string>()) + '"' : utf8::shown(value.dump());
  refuse_key(file, "inputs." + argument,
             "ids, mask, types, positions, target_ids, target_mask, none, or a literal (null, true, false, a "
             "number or even lists of numbers), not " +
                 found);
}

std::map<std::string, Role> roles_of(const CompanionFile& file, const json& value) {
  if (!value.is_object()) refuse_key(file, "inputs", "an object from forward's arguments to roles");
  std::map<std::string, Role> roles;
  for (const auto& [argument, role] : value.items()) roles[argument] = role_of(file, argument, role);
  return roles;
}

using KeyReader = std::function<void(ModelDescription&, const CompanionFile&, const json&)>;

const std::map<std::string, KeyReader>& own_keys() {
  using D = ModelDescription;
  using F = CompanionFile;
  static const std::map<std::string, KeyReader> keys = {
      {"schema",
       [](D&, const F& file, const json& value) {
         if (value != "attnviz.model/1") refuse_key(file, "schema", "\"attnviz.model/1\"");
       }},
      {"task", [](D& d, const F& file, const json& value) { d.config.task = task_of(file, value); }},
      {"inputs", [](D& d, const F& file, const json& value) { d.roles = roles_of(file, value); }},
      {"logits", [](D& d, const F& file, const json& value) { d.logits = logits_of(file, value); }},
      {"tokenizer", [](D& d, const F& file,
                       const json& value) { d.config.tokenizer = string_of(file, "tokenizer", value); }},
      {"target_tokenizer",
       [](D& d, const F& file, const json& value) {
         d.config.target_tokenizer = string_of(file, "target_tokenizer", value);
       }},
      {"eos", [](D& d, const F& file, const json& value) { d.config.eos = ids_of(file, "eos", value); }},
      {"bos", [](D& d, const F& file, const json& value) { d.config.bos = id_of(file, "bos", value); }},
      {"pad", [](D& d, const F& file, const json& value) { d.config.pad = id_of(file, "pad", value); }},
      {"decoder_start",
       [](D& d, const F& file, const json& value) {
         d.config.decoder_start = id_of(file, "decoder_start", value);
       }},
      {"max_length",
       [](D& d, const F& file, const json& value) {
         d.config.max_length = id_of(file, "max_length", value);
         if (*d.config.max_length == 0) refuse_key(file, "max_length", "a number of at least 1");
       }},
  };
  return keys;
}

void read_own(ModelDescription& description, const CompanionFile& file) {
  const json object = parse_object(file, true);
  for (const auto& [key, value] : object.items()) {
    const auto known = own_keys().find(key);
    if (known == own_keys().end()) {
      throw Error(ErrorKind::kInput, file.where + ": there is no key \"" + utf8::shown(key) +
                                         "\"; the keys are schema, task, inputs, logits, tokenizer, "
                                         "target_tokenizer, bos, eos, pad, decoder_start and max_length");
    }
    known->second(description, file, value);
  }
}

// The files of other projects: what is not of the expected type is not meant for us. Their
// "is_encoder_decoder" is of the model that was exported, of which this may be the encoder alone.

std::optional<std::int64_t> integer_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer() || found->get<std::int64_t>() < 0)
    return std::nullopt;
  return found->get<std::int64_t>();
}

void fill_id(std::optional<std::int64_t>& field, const json& object, const char* key) {
  if (!field) field = integer_at(object, key);
}

void fill_eos(std::vector<std::int64_t>& eos, const json& object) {
  const auto found = object.find("eos_token_id");
  if (!eos.empty() || found == object.end()) return;
  const auto add = [&](const json& id) {
    if (id.is_number_integer() && id.get<std::int64_t>() >= 0) eos.push_back(id.get<std::int64_t>());
  };
  if (!found->is_array()) add(*found);
  for (std::size_t i = 0; found->is_array() && i < found->size(); ++i) add((*found)[i]);
}

std::optional<std::int64_t> positions_in(const json& object) {
  std::optional<std::int64_t> smallest;
  for (const char* key : {"max_position_embeddings", "n_positions", "n_ctx", "max_seq_len",
                          "max_sequence_length", "model_max_length", "block_size"}) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) continue;
    const auto value = found->get<double>();
    if (value >= 1 && value < kNoLimit) {
      smallest =
          std::min(smallest.value_or(static_cast<std::int64_t>(value)), static_cast<std::int64_t>(value));
    }
  }
  return smallest;
}

void read_foreign(ModelDescription& description, std::optional<std::int64_t>& positions,
                  const CompanionFile& file) {
  const json object = parse_object(file, false);
  ModelConfig& config = description.config;
  fill_eos(config.eos, object);
  fill_id(config.bos, object, "bos_token_id");
  fill_id(config.pad, object, "pad_token_id");
  fill_id(config.decoder_start, object, "decoder_start_token_id");
  if (const auto found = positions_in(object)) positions = std::min(positions.value_or(*found), *found);
}

}  // namespace

std::string_view to_string(Task task) noexcept {
  switch (task) {
    case Task::kEncoder: return "encoder";
    case Task::kCausalLm: return "causal-lm";
    case Task::kSeq2Seq: return "seq2seq";
  }
  return "encoder";
}

ModelDescription describe_model(std::span<const CompanionFile> files) {
  ModelDescription description;
  for (const CompanionFile& file : files) {
    if (file.name == "attnviz.json") read_own(description, file);
  }
  std::optional<std::int64_t> positions;
  for (const char* name : {"config.json", "tokenizer_config.json"}) {
    for (const CompanionFile& file : files) {
      if (file.name == name) read_foreign(description, positions, file);
    }
  }
  if (!description.config.max_length) description.config.max_length = positions;
  return description;
}

}  // namespace attnviz::source
