#include "source/archive.h"

#include <algorithm>
#include <array>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "source/file_access.h"
#include "source/pickle.h"

namespace attnviz::source {

namespace {

constexpr std::string_view kHowToExport =
    "save it in Python with torch.jit.trace(model, example).save(\"model.pt\") or torch.jit.script";

// Refuses what is no zip file, and gives the stream back.
std::unique_ptr<std::istream> zip_stream(std::unique_ptr<std::istream> stream, const std::string& path) {
  std::array<char, 8> bytes{};
  stream->read(bytes.data(), bytes.size());
  const std::string_view head(bytes.data(), static_cast<std::size_t>(stream->gcount()));
  const std::string start = "the model '" + path + "' is ";
  if (head.empty()) throw Error(ErrorKind::kInput, start + "an empty file");
  if (head.starts_with("\x80\x02") || head.starts_with("\x80\x04") || head.starts_with("\x80\x05")) {
    throw Error(ErrorKind::kInput,
                start +
                    "a Python pickle (weights as old versions of torch.save wrote them), not TorchScript; "
                    "build the model in Python, load the weights into it and " +
                    std::string(kHowToExport));
  }
  if (!head.starts_with("PK\x03\x04")) {
    throw Error(ErrorKind::kInput,
                start + "not a TorchScript file (a zip archive); " + std::string(kHowToExport));
  }
  return stream;
}

}  // namespace

ModelArchive::ModelArchive(std::unique_ptr<std::istream> stream, std::string path)
    : path_(std::move(path)), zip_(zip_stream(std::move(stream), path_), "the model '" + path_ + "'") {
  if (zip_.entries().empty()) return;
  const std::string& first = zip_.entries().front().name;
  root_ = first.substr(0, first.find('/') + 1);
}

std::optional<std::string> ModelArchive::read(std::string_view name) {
  const ZipEntry* entry = zip_.find(root_ + std::string(name));
  return entry == nullptr ? std::nullopt : std::optional(zip_.read(*entry));
}

bool ModelArchive::has_under(std::string_view folder) const {
  return std::any_of(zip_.entries().begin(), zip_.entries().end(), [&](const ZipEntry& entry) {
    return entry.name.starts_with(root_ + std::string(folder));
  });
}

void ModelArchive::check() {
  refuse_other_contents();
  refuse_missing_records();
  zip_.verify();
  refuse_odd_version();
  refuse_broken_pickle("data");
  refuse_broken_pickle("constants");
  refuse_file_access();
}

void ModelArchive::refuse_other_contents() const {
  const bool one_folder =
      !root_.empty() && std::all_of(zip_.entries().begin(), zip_.entries().end(),
                                    [&](const ZipEntry& entry) { return entry.name.starts_with(root_); });
  if (one_folder && has_under("code/")) return;
  const std::string start = "the model '" + path_ + "' ";
  if (has("data.pkl")) {
    throw Error(ErrorKind::kInput,
                start +
                    "holds weights without code (a state_dict or a model written by torch.save), not "
                    "TorchScript; build the model in Python, load the weights into it and " +
                    std::string(kHowToExport));
  }
  if (has_under("models/") || has("serialized_exported_program.json")) {
    throw Error(ErrorKind::kInput,
                start + "is a program of torch.export (.pt2), not TorchScript; " + std::string(kHowToExport));
  }
  throw Error(ErrorKind::kInput,
              start + "is a zip archive without TorchScript code; " + std::string(kHowToExport));
}

void ModelArchive::refuse_missing_records() const {
  for (const std::string_view record : {"version", "data.pkl", "constants.pkl"}) {
    if (has(record) || (record == "version" && has(".data/version"))) continue;
    throw Error(ErrorKind::kInput, "the model '" + path_ + "' lacks the record " + std::string(record) +
                                       " of a TorchScript archive; save it again in Python");
  }
}

void ModelArchive::refuse_odd_version() {
  const std::string content = read(has("version") ? "version" : ".data/version").value();
  const std::string number = content.substr(0, content.find_last_not_of(" \n\r") + 1);
  const bool sound =
      !number.empty() && number.size() < 10 && number.find_first_not_of("0123456789") == std::string::npos;
  if (sound) return;
  throw Error(ErrorKind::kInput, "the model '" + path_ + "' is damaged: its version is '" +
                                     utf8::shown(number) +
                                     "', no number; copy it again, or save it again in Python");
}

void ModelArchive::refuse_broken_pickle(const std::string& name) {
  const auto size_of = [&](std::string_view key) -> std::optional<std::uint64_t> {
    const ZipEntry* entry = zip_.find(root_ + name + "/" + std::string(key));
    return entry == nullptr ? std::nullopt : std::optional(entry->size);
  };
  const auto trouble = find_pickle_trouble(read(name + ".pkl").value(), size_of);
  if (!trouble) return;
  throw Error(ErrorKind::kInput, "the model '" + path_ + "' is damaged: in " + name + ".pkl, " + *trouble +
                                     "; copy it again, or save it again in Python");
}

void ModelArchive::refuse_file_access() {
  for (const ZipEntry& entry : zip_.entries()) {
    if (!entry.name.starts_with(root_ + "code/") || !entry.name.ends_with(".py")) continue;
    const auto call = find_file_call(zip_.read(entry));
    if (!call) continue;
    throw Error(ErrorKind::kInput, "the model '" + path_ + "' calls " + *call + " in '" +
                                       utf8::shown(entry.name.substr(root_.size())) +
                                       "', which reads or writes files; attnviz does not run such models");
  }
}

}  // namespace attnviz::source
