#include "model/archive.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "model/file_access.h"
#include "model/pickle.h"
#include "model/shown.h"

namespace attnviz {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kHowToExport =
    "save it in Python with torch.jit.trace(model, example).save(\"model.pt\") or torch.jit.script";

constexpr std::uintmax_t kLargestCompanion = std::uintmax_t{1} << 30U;

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

std::unique_ptr<std::istream> open(const std::string& path) {
  auto stream = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*stream) throw Error(ErrorKind::kInput, "the model '" + path + "' cannot be read");
  return stream;
}

}  // namespace

ModelFile find_model_file(const std::string& model) {
  std::error_code ignored;
  fs::path path(model);
  if (fs::is_directory(path, ignored)) {
    path /= "model.pt";
    if (!fs::exists(path, ignored)) {
      throw Error(ErrorKind::kInput, "the folder '" + model + "' has no model.pt in it");
    }
  }
  if (!fs::exists(path, ignored)) throw Error(ErrorKind::kInput, "there is no model '" + model + "'");
  if (!fs::is_regular_file(path, ignored)) {
    throw Error(ErrorKind::kInput, "the model '" + model + "' is not a regular file");
  }
  const fs::path folder = path.parent_path();
  return {path.string(), path.filename().string(), folder.empty() ? "." : folder.string()};
}

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
                                       shown(entry.name.substr(root_.size())) +
                                       "', which reads or writes files; attnviz does not run such models");
  }
}

void check_archive(const ModelFile& file) { ModelArchive(open(file.path), file.path).check(); }

std::string sha256_of_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool good = stream.good() && context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (good && stream) {
    stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    good = EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(stream.gcount())) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  good = good && stream.eof() && EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1;
  if (!good) throw Error(ErrorKind::kInput, "the model '" + path + "' cannot be read to its end");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    text += kDigits[digest[i] >> 4U];
    text += kDigits[digest[i] & 15U];
  }
  return text;
}

std::optional<std::string> read_file(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(path, ignored))) return std::nullopt;
  const auto refuse = [&](const char* why) { throw Error(ErrorKind::kInput, "'" + path + "' " + why); };
  if (!fs::exists(path, ignored)) refuse("is a link that leads nowhere; mend it, or remove it");
  if (!fs::is_regular_file(path, ignored)) refuse("is no file; a file of that name was expected");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) refuse("cannot be read; look at its permissions");
  std::string bytes, chunk(std::size_t{1} << 16U, '\0');
  while (stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || stream.gcount() > 0) {
    bytes.append(chunk, 0, static_cast<std::size_t>(stream.gcount()));
    if (bytes.size() > kLargestCompanion) {
      throw Error(ErrorKind::kInput, "the file '" + path + "' has more than the " +
                                         std::to_string(kLargestCompanion) +
                                         " bytes that a file beside a model may have");
    }
  }
  if (stream.bad()) refuse("cannot be read to its end");
  return bytes;
}

std::optional<CompanionFile> read_companion(const ModelFile& file, std::string_view name) {
  const std::array<std::string_view, 1> names = {name};
  std::vector<CompanionFile> found = read_companions(file, names);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<CompanionFile> read_companions(const ModelFile& file, std::span<const std::string_view> names) {
  std::vector<CompanionFile> found;
  ModelArchive archive(open(file.path), file.path);
  for (const std::string_view name : names) {
    const std::string beside = (fs::path(file.folder) / name).string();
    if (auto inside = archive.read("extra/" + std::string(name))) {
      found.push_back({std::string(name), std::string(name) + " in " + file.name, std::move(*inside)});
    } else if (auto bytes = read_file(beside)) {
      found.push_back({std::string(name), beside, std::move(*bytes)});
    }
  }
  return found;
}

}  // namespace attnviz
