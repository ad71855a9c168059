/// The file that a model is stored in: what kind of file it is, what lies beside it and inside it.
#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/tokenizer.h"
#include "model/zip.h"

namespace attnviz {

/// Where a model lies.
struct ModelFile {
  std::string path;    ///< Of the TorchScript file.
  std::string name;    ///< Its last part, for messages.
  std::string folder;  ///< That its companions lie in.
};

/// The TorchScript file of `model`: the path itself, or `model.pt` in a folder of that name. Throws kInput
/// when there is none.
ModelFile find_model_file(const std::string& model);

/// A TorchScript file: a zip file whose entries, its records, lie in one folder.
class ModelArchive {
 public:
  /// `path` names it in errors. Throws kInput, saying what the file is, unless it is a sound zip file.
  ModelArchive(std::unique_ptr<std::istream> stream, std::string path);

  /// Throws kInput unless it holds TorchScript, whole, whose code neither reads nor writes files.
  void check();

  /// Content of the record `name` ("extra/attnviz.json"), nothing when there is none.
  std::optional<std::string> read(std::string_view name);

 private:
  bool has(std::string_view record) const { return zip_.find(root_ + std::string(record)) != nullptr; }
  bool has_under(std::string_view folder) const;
  void refuse_other_contents() const;
  void refuse_missing_records() const;
  void refuse_broken_pickle(const std::string& name);
  void refuse_file_access();

  std::string path_;
  ZipFile zip_;
  std::string root_;  // The folder of all records, with its slash.
};

/// ModelArchive::check() of a file.
void check_archive(const ModelFile& file);

/// SHA-256 of a file's bytes, as 64 hexadecimal digits.
std::string sha256_of_file(const std::string& path);

/// The companion `name`: first an extra file inside the archive, then a file of the model's folder.
std::optional<CompanionFile> read_companion(const ModelFile& file, std::string_view name);

/// Likewise for several names, in their order; those that do not exist are left out.
std::vector<CompanionFile> read_companions(const ModelFile& file, std::span<const std::string_view> names);

/// The bytes of a file, or nothing when there is none. Throws kInput when it is no file, cannot be read, or
/// has more than a gigabyte.
std::optional<std::string> read_file(const std::string& path);

}  // namespace attnviz
