#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "attnviz/diff.h"
#include "core/utf8.h"

namespace attnviz::diff {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using report::kBatchSchema, report::kManifestFile, report::kRunSchema, report::kTokenSchema;

/// What is wrong with a document; read() adds the file's name.
struct Wrong {
  std::string what;
};

const json& field(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end()) throw Wrong{std::string("has no \"") + name + "\""};
  return *found;
}

std::string text_of(const json& object, const char* name) {
  const json& value = field(object, name);
  if (!value.is_string()) throw Wrong{std::string("has a \"") + name + "\" that is no text"};
  return value.get<std::string>();
}

std::int64_t count_of(const json& object, const char* name) {
  const json& value = field(object, name);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMost)
    throw Wrong{std::string("has a \"") + name + "\" that is no whole number from 0 up"};
  return value.get<std::int64_t>();
}

const json& list_of(const json& object, const char* name) {
  const json& value = field(object, name);
  if (!value.is_array()) throw Wrong{std::string("has a \"") + name + "\" that is no list"};
  return value;
}

float weight_of(const json& value) {
  const double weight = value.is_number() ? value.get<double>() : NAN;
  if (!(weight >= 0 && weight <= std::numeric_limits<float>::max())) {
    throw Wrong{"has the weight " + utf8::shown(value.dump(-1, ' ', true, json::error_handler_t::replace)) +
                " where a finite number from 0 up was expected"};
  }
  return static_cast<float>(weight);
}

void append_row(const json& row, std::size_t sources, std::vector<float>& out) {
  if (!row.is_array() || row.size() != sources) {
    throw Wrong{"has a row of " + (row.is_array() ? std::to_string(row.size()) : std::string("no")) +
                " weights where there are " + std::to_string(sources) + " sources"};
  }
  for (const json& value : row) out.push_back(weight_of(value));
}

std::vector<SavedSource> read_sources(const json& view) {
  std::vector<SavedSource> sources;
  for (const json& source : list_of(view, "sources")) {
    const json& special = field(source, "special");
    if (!special.is_boolean()) throw Wrong{"has a \"special\" that is neither true nor false"};
    sources.push_back({count_of(source, "index"), text_of(source, "text"), special.get<bool>()});
    if (sources.size() > 1 && sources[sources.size() - 2].index >= sources.back().index)
      throw Wrong{"has sources that are not in order"};
  }
  return sources;
}

using Reductions = std::span<const ReductionInfo* const>;

const ReductionInfo* info_of(const std::string& name, Reductions known) {
  for (const ReductionInfo* info : known) {
    if (info->name == name) return info;
  }
  throw Wrong{"has a reduction '" + utf8::shown(name) + "', which this attnviz does not know"};
}

ReducedAttention read_reduction(const ReductionInfo* info, const json& reduction, std::size_t sources) {
  ReducedAttention out;
  out.reduction = info;
  const json& layers = list_of(reduction, "layers");
  out.layers.rows = static_cast<std::int64_t>(layers.size());
  out.layers.columns = static_cast<std::int64_t>(sources);
  for (const json& row : layers) append_row(row, sources, out.layers.values);
  append_row(list_of(reduction, "overall"), sources, out.overall);
  return out;
}

AttentionKind kind_of(const std::string& name) {
  for (const auto kind : kAttentionKinds) {
    if (to_string(kind) == name) return kind;
  }
  throw Wrong{"has a view of '" + utf8::shown(name) +
              "' attention, which is none of self, encoder, decoder, cross"};
}

/// `selected` is what `--layers` chose, empty for all of them.
SavedView read_view(const json& view, const std::vector<int>& selected, Reductions known) {
  SavedView out;
  out.kind = kind_of(text_of(view, "attention"));
  out.sources = read_sources(view);
  const json& reductions = field(view, "reductions");
  if (!reductions.is_object() || reductions.empty()) throw Wrong{"has no reductions"};
  for (const auto& [name, reduction] : reductions.items())
    out.reductions.push_back(read_reduction(info_of(name, known), reduction, out.sources.size()));
  const auto rows = static_cast<std::size_t>(out.reductions.front().layers.rows);
  for (const ReducedAttention& reduction : out.reductions) {
    if (static_cast<std::size_t>(reduction.layers.rows) != rows)
      throw Wrong{"has " + std::to_string(reduction.layers.rows) + " layers of " +
                  std::string(reduction.reduction->name) + " and " + std::to_string(rows) + " of " +
                  std::string(out.reductions.front().reduction->name)};
  }
  if (!selected.empty() && rows > selected.size())
    throw Wrong{"has " + std::to_string(rows) + " layers where the manifest names " +
                std::to_string(selected.size())};
  for (std::size_t row = 0; row < rows; ++row)
    out.layers.push_back(selected.empty() ? static_cast<int>(row) : selected[row]);
  if (const auto segments = view.find("segments"); segments != view.end()) {
    if (!segments->is_object()) throw Wrong{"has a \"segments\" that is no object"};
    for (const auto& [name, mass] : segments->items()) out.segments.push_back({name, weight_of(mass)});
  }
  return out;
}

SavedMap read_map(const json& document, std::int64_t index, const std::vector<int>& selected,
                  Reductions known) {
  SavedMap map;
  const json& token = field(document, "token");
  map.token.index = count_of(token, "index");
  map.token.text = text_of(token, "text");
  if (map.token.index != index) {
    throw Wrong{"is of token " + std::to_string(map.token.index) + " where the manifest has " +
                std::to_string(index)};
  }
  for (const json& view : list_of(document, "views")) {
    map.views.push_back(read_view(view, selected, known));
    for (std::size_t i = 0; i + 1 < map.views.size(); ++i) {
      if (map.views[i].kind == map.views.back().kind)
        throw Wrong{"has two views of " + std::string(to_string(map.views.back().kind)) + " attention"};
    }
  }
  return map;
}

[[noreturn]] void refuse(const fs::path& path, const std::string& rest) {
  throw Error(ErrorKind::kInput, "'" + path.string() + "' " + rest);
}

/// The document in `path`, whose schema is one of `schemas`, as `make` reads it.
template <class Make>
auto read(const fs::path& path, std::initializer_list<std::string_view> schemas, const Make& make) {
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    refuse(path, "is missing, so the folder is not whole; run attnviz again");
  const json document = json::parse(read_bytes(path).value_or(""), nullptr, false);
  if (document.is_discarded())
    refuse(path, "cannot be read, or is not whole JSON of finite numbers; run attnviz again");
  try {
    const std::string schema = text_of(document, "schema");
    if (std::find(schemas.begin(), schemas.end(), schema) == schemas.end()) {
      refuse(path, "has the schema '" + utf8::shown(schema) + "' where " + std::string(*schemas.begin()) +
                       " was expected; compare with the attnviz that wrote it");
    }
    return make(document);
  } catch (const Wrong& wrong) {
    refuse(path, wrong.what + "; run attnviz again");
  }
}

void check_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    refuse(folder, "is not a folder; give the one that attnviz wrote with --out");
  if (!fs::exists(folder / kManifestFile, error)) {
    refuse(folder,
           "holds no manifest.json: it holds no maps, or the run that wrote them did not end; run attnviz "
           "again");
  }
}

bool is_plain(std::string_view name, std::string_view also) {
  return std::all_of(name.begin(), name.end(), [also](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || also.find(c) != std::string_view::npos;
  });
}

/// "tokens/00012-name.json", which cannot lead out of the folder.
bool is_token_file(std::string_view name) {
  constexpr std::string_view kBefore = "tokens/", kAfter = ".json";
  if (!name.starts_with(kBefore) || !name.ends_with(kAfter) || name.size() <= kBefore.size() + kAfter.size())
    return false;
  return is_plain(name.substr(kBefore.size(), name.size() - kBefore.size() - kAfter.size()), "");
}

/// The id of a record, which is the name of its folder.
bool is_record_id(std::string_view id) {
  return !id.empty() && id.size() <= 100 && id.front() != '.' && is_plain(id, ".");
}

struct SavedOutput {
  std::int64_t index = 0;
  std::string file;
};

/// Fills `run` but for its maps. Returns which files these are in, and which layers were selected.
std::pair<std::vector<SavedOutput>, std::vector<int>> read_manifest(const json& manifest, SavedRun& run) {
  run.version = text_of(manifest, "attnviz");
  run.model = text_of(field(manifest, "model"), "file");
  run.sha256 = text_of(field(manifest, "model"), "sha256");
  std::vector<int> selected;
  const json& options = field(manifest, "options");
  if (!options.is_object()) throw Wrong{"has \"options\" that are no object"};
  for (const auto& [name, value] : options.items()) run.options.emplace_back(name, value.dump());
  if (options.contains("layers")) {
    for (const json& layer : list_of(options, "layers")) {
      if (!layer.is_number_integer() || layer < 0 || layer > 1'000'000)
        throw Wrong{"names layers that are none"};
      selected.push_back(layer.get<int>());
    }
  }
  for (const char* name : {"text", "pair", "target_text", "generated_text"}) {
    if (manifest.contains(name)) run.texts.emplace_back(name, text_of(manifest, name));
  }
  for (const char* name : {"tokens", "target_tokens"}) {
    if (!manifest.contains(name) && std::string_view(name) == "target_tokens") continue;
    for (const json& token : list_of(manifest, name)) run.positions.push_back(text_of(token, "text"));
  }
  std::vector<SavedOutput> outputs;
  for (const json& output : list_of(manifest, "outputs")) {
    outputs.push_back({count_of(output, "index"), text_of(output, "json")});
    if (!is_token_file(outputs.back().file))
      throw Wrong{"names the file '" + utf8::shown(outputs.back().file) +
                  "', which is not of the form tokens/00012-name.json"};
    if (outputs.size() > 1 && outputs[outputs.size() - 2].index >= outputs.back().index)
      throw Wrong{"has outputs that are not in order"};
  }
  return {std::move(outputs), std::move(selected)};
}

}  // namespace

SavedRun read_maps(const fs::path& folder, Reductions known) {
  check_folder(folder);
  SavedRun run;
  run.folder = folder.string();
  const auto [outputs, selected] = read(folder / kManifestFile, {kRunSchema}, [&run](const json& manifest) {
    return read_manifest(manifest, run);
  });
  for (const SavedOutput& output : outputs) {
    const auto read_one = [&, &selected = selected](const json& map) {
      return read_map(map, output.index, selected, known);
    };
    run.maps.push_back(read(folder / output.file, {kTokenSchema}, read_one));
  }
  return run;
}

std::optional<std::vector<std::string>> read_batch_ids(const fs::path& folder) {
  check_folder(folder);
  const auto ids_of = [&folder](const json& manifest) -> std::optional<std::vector<std::string>> {
    if (manifest["schema"] == kRunSchema) return std::nullopt;
    std::vector<std::string> ids;
    std::set<std::string> seen;
    for (const json& record : list_of(manifest, "records")) {
      if (record.is_object() && record.contains("id") && record["id"].is_null())
        continue;  // it has no folder
      std::string id = text_of(record, "id");
      if (!is_record_id(id)) throw Wrong{"has the record '" + utf8::shown(id) + "', which is no plain name"};
      if (text_of(record, "status") != "done") continue;
      if (!seen.insert(id).second) throw Wrong{"lists the record '" + id + "' twice"};
      ids.push_back(std::move(id));
    }
    return ids;
  };
  return read(folder / kManifestFile, {kRunSchema, kBatchSchema}, ids_of);
}

}  // namespace attnviz::diff
