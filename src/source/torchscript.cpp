// TorchScript, as torch.jit.save writes it: a zip file, with its companions inside or beside it.
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <vector>

#include "core/utf8.h"
#include "source/archive.h"
#include "source/file_access.h"
#include "source/files.h"
#include "source/formats.h"

namespace attnviz::source {

namespace {

// What torch says, and our sentence for it: "before" what the pattern's groups hold, "between" and "behind".
struct Cause {
  std::regex pattern;
  std::string before, between, behind;
};

const std::vector<Cause>& causes() {
  static const std::string here = "libtorch " TORCH_VERSION;
  static const std::string ways_out =
      "; export it again with eager attention (attn_implementation=\"eager\"), or build attnviz with a newer "
      "libtorch";
  static const std::string again = "; save it again in Python";
  static const std::vector<Cause> table = {
      {std::regex(R"(Unknown builtin op: ([\w:.]+[\w]))"), "uses the operator ",
       ", which " + here + " does not have" + ways_out, ""},
      {std::regex(R"(Unknown type name '(__torch__\.torch\.classes\.[\w.]+)')"), "uses the class ",
       " of a library that is not part of " + here + ways_out, ""},
      {std::regex(R"(following variants are available:\s*\n\s*([\w:.]+)\()"), "calls the operator ",
       " in a way that " + here + " does not know" + ways_out, ""},
      {std::regex(R"(failed locating file ([^:]+): file not found)"), "lacks the record ",
       " that its data refer to" + again, ""},
      {std::regex(R"(with version (\d+), but the maximum supported version for reading is (\d+))"),
       "has file format ", ", " + here + " reads up to ", ways_out},
      {std::regex(R"(with version (\d+), but the minimum supported version for reading is (\d+))"),
       "has file format ", ", " + here + " reads from ", " on" + again},
      {std::regex("INTERNAL ASSERT FAILED"),
       "is damaged: its records do not hold what " + here +
           " expects of a TorchScript archive; export it again",
       "", ""}};
  return table;
}

// Why torch could not load a file that looks like TorchScript; empty where it is not known.
std::string explain_load(const ModelFile& file, const std::string& said) {
  for (const Cause& cause : causes()) {
    std::smatch match;
    if (!std::regex_search(said, match, cause.pattern)) continue;
    return "the model '" + file.path + "' " + cause.before + utf8::shown(match[1].str()) + cause.between +
           match[2].str() + cause.behind;
  }
  return {};
}

class TorchScriptSource final : public ModelSource {
 public:
  explicit TorchScriptSource(ModelFile file) : file_(std::move(file)) { archive().check(); }

  const std::string& path() const override { return file_.path; }
  const std::string& name() const override { return file_.name; }
  std::string sha256() const override { return sha256_of_file(file_.path); }

  std::vector<CompanionFile> companions(std::span<const std::string_view> names) const override {
    std::vector<CompanionFile> found;
    ModelArchive inside = archive();
    for (const std::string_view name : names) {
      const std::string beside = (std::filesystem::path(file_.folder) / name).string();
      if (auto bytes = inside.read("extra/" + std::string(name))) {
        found.push_back({std::string(name), std::string(name) + " in " + file_.name, std::move(*bytes)});
      } else if ((bytes = read_file(beside))) {
        found.push_back({std::string(name), beside, std::move(*bytes)});
      }
    }
    return found;
  }

  torch::jit::Module load(const c10::Device& device) const override {
    torch::jit::Module module = torch::jit::load(file_.path, device);
    module.eval();
    refuse_file_operators(module, file_.path);
    return module;
  }

  std::string explain(const std::string& said) const override { return explain_load(file_, said); }

 private:
  ModelArchive archive() const { return ModelArchive(open_model_file(file_.path), file_.path); }

  ModelFile file_;
};

std::unique_ptr<ModelSource> open_torchscript(const std::string& path) {
  return std::make_unique<TorchScriptSource>(find_model_file(path));
}

}  // namespace

extern const Format torchscript_format;
const Format torchscript_format{&open_torchscript};

}  // namespace attnviz::source
