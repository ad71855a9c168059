/// The file that a TorchScript model is stored in: what kind of file it is, and what lies inside it.
#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/zip.h"

namespace attnviz::source {

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
  void refuse_odd_version();
  void refuse_broken_pickle(const std::string& name);
  void refuse_file_access();

  std::string path_;
  ZipFile zip_;
  std::string root_;  // The folder of all records, with its slash.
};

}  // namespace attnviz::source
