#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "attnviz/report.h"
#include "report/formats/format.h"
#include "report/options_json.h"
#include "report/own_files.h"

namespace attnviz::report {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Discarded where there is none.
json read_manifest(const fs::path& file) {
  return json::parse(read_bytes(file).value_or(""), nullptr, false);
}

json as_json(const ManifestOptions& options) {
  JsonWriter writer;
  write_options(writer, options);
  return json::parse(std::move(writer).finish());
}

bool holds(const fs::path& folder, const json& name) {
  std::error_code error;
  const auto size = fs::file_size(folder / name.get<std::string>(), error);
  return !error && size > 0;
}

/// Throws json's exception where `manifest` is not as attnviz writes it.
bool is_whole(const fs::path& folder, const json& manifest, std::string_view sha256,
              const ManifestOptions& options) {
  if (manifest.at("schema") != kRunSchema || manifest.at("attnviz") != version() ||
      manifest.at("model").at("sha256") != sha256 || manifest.at("options") != as_json(options)) {
    return false;
  }
  for (const RunFormat* format : run_formats()) {
    for (const RunFile& file : format->files) {
      if (manifest.contains(file.member) && !holds(folder, manifest.at(std::string(file.member))))
        return false;
    }
    if (format->token.empty()) continue;
    for (const json& output : manifest.at("outputs")) {
      const json& name = output.at(std::string(format->token));
      if (!(name.is_null() && format->optional) && !holds(folder, name)) return false;
    }
  }
  return true;
}

/// Ids that the manifest of an earlier batch lists in `file`; only such as can be names of folders of it.
void add_listed_ids(const fs::path& file, std::vector<std::string>& ids) {
  const json manifest = read_manifest(file);
  const json records = manifest.is_object() ? manifest.value("records", json::array()) : json::array();
  for (const json& record : records) {
    if (!record.is_object() || !record.contains("id") || !record["id"].is_string()) continue;
    std::string id = record["id"].get<std::string>();
    if (!id.empty() && id.front() != '.' && id.find('/') == std::string::npos) ids.push_back(std::move(id));
  }
}

/// Where the manifest of an earlier batch waits until the new one takes its name.
fs::path part_of(const fs::path& manifest) { return manifest.string() + std::string(kTemporary); }

}  // namespace

std::optional<std::int64_t> outputs_of_whole_run(const fs::path& folder, std::string_view sha256,
                                                 const ManifestOptions& options) {
  try {
    const json manifest = read_manifest(folder / kManifestFile);
    if (!is_whole(folder, manifest, sha256, options)) return std::nullopt;
    return static_cast<std::int64_t>(manifest.at("outputs").size());
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::string batch_manifest_json(const BatchManifest& manifest) {
  JsonWriter writer;
  writer.begin_object();
  writer.field("schema", kBatchSchema);
  writer.field("attnviz", version());
  writer.key("model");
  writer.begin_object();
  writer.field("file", manifest.file);
  writer.field("sha256", manifest.sha256);
  writer.end_object();
  writer.key("options");
  write_options(writer, manifest.options);
  writer.key("records");
  writer.begin_array();
  for (const BatchEntry& entry : manifest.records) {
    writer.begin_object();
    writer.field("line", entry.line);
    writer.key("id");
    if (entry.id) {
      writer.value(*entry.id);
    } else {
      writer.null();
    }
    writer.field("status", entry.error ? "failed" : "done");
    if (entry.error) {
      writer.field("error", *entry.error);
    } else {
      writer.field("outputs", entry.outputs);
    }
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return std::move(writer).finish();
}

BatchDirectory::BatchDirectory(fs::path path, IfNotEmpty policy)
    : path_(std::move(path)), resumes_(policy == IfNotEmpty::kResume) {
  created_ = create_folder(path_);
  std::error_code error;
  const bool empty = fs::is_empty(path_, error);
  if (error) fail("read", path_, error.value());
  if (empty) return;
  const std::string named = "the folder '" + path_.string() + "' ";
  if (policy == IfNotEmpty::kRefuse) {
    throw Error(ErrorKind::kOutput,
                named +
                    "is not empty; name another one, or add --resume to go on with the batch in it, or "
                    "--force to replace that");
  }
  const std::optional<std::string> schema = schema_of(path_ / kManifestFile);
  if (schema && schema != kBatchSchema) {
    throw Error(ErrorKind::kOutput,
                named + (schema == kRunSchema ? "holds the maps of a single run; name another folder"
                                              : "holds a manifest.json that attnviz did not write; name "
                                                "another folder"));
  }
  add_listed_ids(path_ / kManifestFile, earlier_);
  add_listed_ids(part_of(path_ / kManifestFile), earlier_);
}

BatchDirectory::~BatchDirectory() {
  std::error_code not_empty;
  for (const fs::path& folder : created_) {
    if (!fs::remove(folder, not_empty)) return;
  }
}

std::string BatchDirectory::manifest_of(std::string_view id) const {
  return (path_ / fs::path(id) / kManifestFile).string();
}

std::optional<std::int64_t> BatchDirectory::find_whole(std::string_view id, std::string_view sha256,
                                                       const ManifestOptions& options) const {
  if (!resumes_) return std::nullopt;
  return outputs_of_whole_run(path_ / fs::path(id), sha256, options);
}

std::unique_ptr<OutputDirectory> BatchDirectory::open(std::string_view id) {
  forget_manifest();
  return std::make_unique<OutputDirectory>(path_ / fs::path(id), OutputDirectory::IfNotEmpty::kReplace);
}

void BatchDirectory::discard(std::string_view id) {
  const fs::path folder = path_ / fs::path(id);
  std::error_code error;
  const std::optional<std::string> schema = schema_of(folder / kManifestFile);
  if (!fs::is_directory(folder, error) || (schema && schema != kRunSchema)) return;
  forget_manifest();
  clear_run(folder);
  fs::remove_all(folder / kTemporary, error);
  ::rmdir(folder.c_str());  // where others have files in it, it stays
}

void BatchDirectory::forget_manifest() {
  const fs::path manifest = path_ / kManifestFile;
  std::error_code error;
  if (!fs::exists(fs::symlink_status(manifest, error))) return;
  fs::rename(manifest, part_of(manifest), error);
  if (error) fail("replace", manifest, error.value());
}

std::string BatchDirectory::finish(const BatchManifest& manifest) {
  std::set<std::string_view> ids;
  for (const BatchEntry& entry : manifest.records) {
    if (entry.id && !entry.error) ids.insert(*entry.id);
  }
  for (const std::string& id : earlier_) {
    if (!ids.contains(id)) discard(id);
  }
  const fs::path target = path_ / kManifestFile;
  write_file(target, target, [&](const WriteAt& write) { write(0, batch_manifest_json(manifest)); });
  return target.string();
}

}  // namespace attnviz::report
