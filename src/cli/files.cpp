#include "cli/files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <system_error>

#include "cli/crash_guard.h"
#include "core/files.h"

namespace attnviz::cli {
namespace {

namespace fs = std::filesystem;

/// Texts and tokenizers are far smaller; what is larger is a wrong file, or a device that never ends.
constexpr std::size_t kLargestFile = std::size_t{512} << 20U;

bool is_tokenizer_file(std::string_view name) {
  const auto names = tokenizer_file_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The name that says what the file is, for one that is called otherwise: by its extension.
std::string companion_name(const fs::path& path) {
  std::string name = path.filename().string();
  if (is_tokenizer_file(name)) return name;
  const std::string extension = path.extension().string();
  if (extension == ".json") return "tokenizer.json";
  if (extension == ".model") return "tokenizer.model";
  if (extension == ".txt") return "vocab.txt";
  throw Error(ErrorKind::kInput,
              "cannot tell what kind of tokenizer '" + path.string() +
                  "' is; expected tokenizer.json, tokenizer.model, vocab.txt or vocab.json");
}

/// The tokenizer files of a folder whose names `is_wanted`.
std::vector<CompanionFile> read_folder(const fs::path& folder,
                                       const std::function<bool(std::string_view)>& is_wanted) {
  std::vector<CompanionFile> files;
  for (const std::string_view name : tokenizer_file_names()) {
    const fs::path path = folder / fs::path(name);
    std::error_code error;
    if (is_wanted(name) && fs::exists(fs::symlink_status(path, error)))
      files.push_back({std::string(name), path.string(), read_file(path.string())});
  }
  return files;
}

/// What adds to a tokenizer file, from the folder it lies in.
bool adds_to_others(std::string_view name) {
  return name == "merges.txt" || name == "tokenizer_config.json" || name == "special_tokens_map.json";
}

/// A tokenizer that attnviz.json names.
std::unique_ptr<Tokenizer> named_tokenizer(const std::string& file, const Model& model) {
  const std::string_view name = file;
  auto files = model.companions(std::span(&name, 1));
  if (files.empty()) {
    throw Error(ErrorKind::kInput,
                "attnviz.json names the tokenizer '" + file + "', which is not beside the model");
  }
  files.front().name = companion_name(file);
  return load_tokenizer(files);
}

}  // namespace

std::unique_ptr<Model> load_model(const LoadOptions& options, Console& console) {
  std::optional<CrashGuard> guard;  // with --verbose a crash is left as it is, for a debugger
  if (!console.verbose())
    guard.emplace(
        "the model '" + options.model +
        "' crashes libtorch when it is loaded; it is damaged, or made to do so: export it again, or take it "
        "from where you trust");
  return Model::load(options, console);
}

std::string read_file(const std::string& path) {
  const std::string shown = path == "-" ? "standard input" : "'" + path + "'";
  std::error_code error;
  if (path != "-" && fs::is_directory(path, error))
    throw Error(ErrorKind::kInput, shown + " is a folder; a file was expected");
  files::Content content =
      path == "-" ? files::read_open(STDIN_FILENO, kLargestFile) : files::read(path, kLargestFile);
  if (content.error == EFBIG) {
    throw Error(ErrorKind::kInput, shown + " holds more than " + std::to_string(kLargestFile >> 20U) +
                                       " MB, which no text or tokenizer has; name another file");
  }
  if (content.error != 0) {
    throw Error(ErrorKind::kInput,
                "cannot read " + shown + ": " + std::generic_category().message(content.error));
  }
  return std::move(content.bytes);
}

std::string read_text(const std::string& path) {
  std::string text = read_file(path);
  if (const auto bad = find_invalid_utf8(text)) {
    throw Error(ErrorKind::kInput, (path == "-" ? "standard input" : "'" + path + "'") +
                                       " is not UTF-8: byte " + std::to_string(*bad) + " of " +
                                       std::to_string(text.size()) +
                                       " begins no character; convert it first");
  }
  return text;
}

NamedText read_segment(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos) {
    throw Error(ErrorKind::kUsage, "--segment: '" + argument + "' has no '='; write NAME=TEXT or NAME=@FILE");
  }
  NamedText segment{argument.substr(0, equals), argument.substr(equals + 1)};
  if (segment.text.starts_with('@')) segment.text = read_text(segment.text.substr(1));
  if (find_invalid_utf8(segment.name)) throw Error(ErrorKind::kUsage, "--segment: a name is not UTF-8");
  return segment;
}

std::unique_ptr<Tokenizer> read_tokenizer(const std::string& path) {
  std::error_code error;
  if (fs::status(path, error).type() == fs::file_type::not_found)
    throw Error(ErrorKind::kInput, "there is no tokenizer '" + path + "'");
  std::vector<CompanionFile> files;
  if (fs::is_directory(path, error)) {
    files = read_folder(path, [](std::string_view) { return true; });
  } else {
    files.push_back({companion_name(path), path, read_file(path)});
    for (CompanionFile& file : read_folder(fs::path(path).parent_path(), adds_to_others)) {
      if (file.name != files.front().name) files.push_back(std::move(file));
    }
  }
  auto tokenizer = load_tokenizer(files);
  if (!tokenizer) {
    throw Error(ErrorKind::kInput,
                "no tokenizer in '" + path +
                    "'; expected tokenizer.json, tokenizer.model, vocab.txt or vocab.json with merges.txt");
  }
  return tokenizer;
}

std::unique_ptr<Tokenizer> find_tokenizer(const std::optional<std::string>& flag, const Model& model) {
  if (flag) return read_tokenizer(*flag);
  if (const auto& named = model.config().tokenizer) return named_tokenizer(*named, model);
  return load_tokenizer(model.companions(tokenizer_file_names()));
}

std::unique_ptr<Tokenizer> find_target_tokenizer(const Model& model) {
  const auto& named = model.config().target_tokenizer;
  return named ? named_tokenizer(*named, model) : nullptr;
}

}  // namespace attnviz::cli
