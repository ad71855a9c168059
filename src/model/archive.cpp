#include "model/archive.h"

#include <caffe2/serialize/inline_container.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "model/border.h"

namespace attnviz {

namespace fs = std::filesystem;

namespace {

using Reader = caffe2::serialize::PyTorchStreamReader;

constexpr std::string_view kHowToExport =
    "save it in Python with torch.jit.trace(model, example).save(\"model.pt\") or torch.jit.script";

// Calls of TorchScript that touch files, as a saved archive spells them.
constexpr std::array<std::string_view, 4> kFileCalls = {"torch.from_file(", "ops.aten.from_file(",
                                                        "torch.save(", "ops.aten.save("};

bool has_record_under(const std::vector<std::string>& records, std::string_view folder) {
  return std::any_of(records.begin(), records.end(),
                     [&](const std::string& record) { return record.starts_with(folder); });
}

std::string record_text(Reader& reader, const std::string& name) {
  auto [data, size] = reader.getRecord(name);
  return {static_cast<const char*>(data.get()), size};
}

void refuse_other_formats(const ModelFile& file, std::string_view head) {
  if (head.empty()) throw Error(ErrorKind::kInput, "the model '" + file.path + "' is an empty file");
  if (head.starts_with("PK\x03\x04")) return;
  if (head.starts_with("\x80\x02") || head.starts_with("\x80\x04") || head.starts_with("\x80\x05")) {
    throw Error(ErrorKind::kInput,
                "the model '" + file.path +
                    "' is a Python pickle (weights as old versions of torch.save wrote them), not "
                    "TorchScript; build the model in Python, load the weights into it and " +
                    std::string(kHowToExport));
  }
  throw Error(ErrorKind::kInput, "the model '" + file.path + "' is not a TorchScript file (a zip archive); " +
                                     std::string(kHowToExport));
}

void refuse_archives_without_code(const ModelFile& file, const std::vector<std::string>& records) {
  if (has_record_under(records, "code/") && has_record_under(records, "constants.pkl")) return;
  const std::string start = "the model '" + file.path + "' ";
  if (has_record_under(records, "data.pkl")) {
    throw Error(ErrorKind::kInput,
                start +
                    "holds weights without code (a state_dict or a model written by torch.save), not "
                    "TorchScript; build the model in Python, load the weights into it and " +
                    std::string(kHowToExport));
  }
  if (has_record_under(records, "models/") || has_record_under(records, "serialized_exported_program.json")) {
    throw Error(ErrorKind::kInput,
                start + "is a program of torch.export (.pt2), not TorchScript; " + std::string(kHowToExport));
  }
  throw Error(ErrorKind::kInput,
              start + "is a zip archive without TorchScript code; " + std::string(kHowToExport));
}

void refuse_file_access(const ModelFile& file, Reader& reader, const std::vector<std::string>& records) {
  for (const std::string& record : records) {
    if (!record.starts_with("code/") || !record.ends_with(".py")) continue;
    const std::string code = record_text(reader, record);
    for (std::string_view call : kFileCalls) {
      if (code.find(call) == std::string::npos) continue;
      throw Error(ErrorKind::kInput, "the model '" + file.path + "' calls " +
                                         std::string(call.substr(0, call.size() - 1)) +
                                         ", which reads or writes files; attnviz does not run such models");
    }
  }
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

void check_archive(const ModelFile& file) {
  std::ifstream stream(file.path, std::ios::binary);
  if (!stream) throw Error(ErrorKind::kInput, "the model '" + file.path + "' cannot be read");
  std::array<char, 8> head{};
  stream.read(head.data(), head.size());
  refuse_other_formats(file, std::string_view(head.data(), static_cast<std::size_t>(stream.gcount())));
  at_border(
      [&] {
        Reader reader(file.path);
        const std::vector<std::string> records = reader.getAllRecords();
        refuse_archives_without_code(file, records);
        refuse_file_access(file, reader, records);
      },
      [&](const std::string&) {
        return "the model '" + file.path +
               "' is a zip file that PyTorch cannot open: it is damaged, cut short or not a "
               "TorchScript archive";
      });
}

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
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::nullopt;
  std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad()) return std::nullopt;
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
  at_border(
      [&] {
        Reader reader(file.path);
        for (const std::string_view name : names) {
          const std::string record = "extra/" + std::string(name);
          const std::string beside = (fs::path(file.folder) / name).string();
          if (reader.hasRecord(record)) {
            found.push_back(
                {std::string(name), std::string(name) + " in " + file.name, record_text(reader, record)});
          } else if (auto bytes = read_file(beside)) {
            found.push_back({std::string(name), beside, std::move(*bytes)});
          }
        }
      },
      [&](const std::string&) { return "the files stored inside '" + file.path + "' cannot be read"; });
  return found;
}

}  // namespace attnviz
