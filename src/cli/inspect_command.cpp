#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "attnviz/model.h"
#include "cli/commands.h"
#include "cli/files.h"

namespace attnviz::cli {
namespace {

struct InspectOptions {
  LoadOptions load;
  std::optional<std::string> tokenizer;
  bool json = false;
};

/// Layers of the deepest kind, and heads of the widest layer; nothing when the dry run failed.
template <class Value>
std::optional<int> most(const ModelInfo& info, Value value) {
  std::optional<int> result;
  for (const AttentionSite& site : info.sites) result = std::max(result.value_or(0), value(site));
  return result;
}

std::optional<int> layers_of(const ModelInfo& info) {
  return most(info, [](const AttentionSite& site) { return site.layer + 1; });
}

std::optional<int> heads_of(const ModelInfo& info) {
  return most(info, [](const AttentionSite& site) { return site.heads; });
}

template <class Value>
nlohmann::ordered_json or_null(const std::optional<Value>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

nlohmann::ordered_json to_json(const ModelInfo& info, const Tokenizer* tokenizer) {
  nlohmann::ordered_json out;
  out["inputs"] = nlohmann::ordered_json::array();
  for (const ModelInput& input : info.inputs) {
    out["inputs"].push_back({{"name", input.name}, {"type", input.type}, {"role", input.role}});
  }
  out["sites"] = nlohmann::ordered_json::array();
  for (const AttentionSite& site : info.sites) {
    out["sites"].push_back({{"layer", site.layer},
                            {"attention", to_string(site.kind)},
                            {"capture", site.capture},
                            {"scope", site.scope}});
  }
  out["layers"] = or_null(layers_of(info));
  out["heads"] = or_null(heads_of(info));
  out["causal"] = or_null(info.causal);
  out["tokenizer"] =
      tokenizer != nullptr ? nlohmann::ordered_json(tokenizer->describe()) : nlohmann::ordered_json();
  out["outputs"] = info.outputs.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(info.outputs);
  return out;
}

void print_for_people(const ModelInfo& info, const Tokenizer* tokenizer) {
  std::cout << "model      " << one_line(info.file) << "\nsha256     " << info.sha256 << '\n';
  for (const ModelInput& input : info.inputs) {
    std::cout << "input      " << one_line(input.name) << ": " << input.type << " = " << input.role << '\n';
  }
  for (const AttentionSite& site : info.sites) {
    std::cout << "attention  layer " << site.layer << ", " << to_string(site.kind)
              << (site.causal ? ", causal" : "") << ", " << site.heads << " heads, by " << site.capture
              << (site.scope.empty() ? "" : ", in " + one_line(site.scope)) << '\n';
  }
  if (info.task) std::cout << "task       " << to_string(*info.task) << '\n';
  std::cout << "tokenizer  " << (tokenizer != nullptr ? tokenizer->describe() : "none found") << '\n';
  if (!info.outputs.empty()) std::cout << "outputs    " << one_line(info.outputs) << '\n';
  if (!info.dry_run_failure.empty())
    std::cout << "dry run    failed: " << one_line(info.dry_run_failure) << '\n';
}

void run_inspect(const InspectOptions& options, const ConsoleOptions& console_options) {
  Console console(console_options);
  const auto model = load_model(options.load, console);
  const auto tokenizer = find_tokenizer(options.tokenizer, *model);
  const ModelInfo& info = model->info();
  if (options.json) {
    if (!info.dry_run_failure.empty()) console.warning("the dry run failed: " + info.dry_run_failure);
    std::cout << to_json(info, tokenizer.get())
                     .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
              << '\n';
  } else {
    print_for_people(info, tokenizer.get());
  }
}

}  // namespace

void add_inspect(CLI::App& app, ConsoleOptions& console) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command =
      app.add_subcommand("inspect", "Show what was found in a model: inputs, attention, tokenizer");
  command->add_option("MODEL", options->load.model, "TorchScript file, or folder that holds model.pt")
      ->required()
      ->type_name("");
  command->add_flag("--json", options->json, "One JSON object instead of lines for people");
  command->add_option("--tokenizer", options->tokenizer, "Tokenizer file or folder [the model's own]")
      ->type_name("F");
  command->add_option("--config", options->load.config, "attnviz.json to use in place of the model's own")
      ->type_name("F");
  command->add_option("--device", options->load.device, "cpu, cuda or cuda:N")
      ->capture_default_str()
      ->type_name("NAME");
  command->add_flag("--verbose", console.verbose, "Say what libtorch says of an error");
  command->footer(
      "Examples:\n"
      "  attnviz inspect model/\n"
      "  attnviz inspect model.pt --json\n"
      "\n"
      "Exit codes: 0 done, 2 usage, 3 model or input, 4 output.");
  command->callback([options, &console] { run_inspect(*options, console); });
}

}  // namespace attnviz::cli
