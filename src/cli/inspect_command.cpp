#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "attnviz/model.h"
#include "attnviz/run.h"
#include "cli/commands.h"
#include "cli/files.h"

namespace attnviz::cli {
namespace {

struct InspectOptions {
  LoadOptions load;
  std::optional<std::string> tokenizer;
  bool json = false;
};

/// The tokenizers of the two sides; the target's is null where the source's serves both.
struct Sides {
  std::unique_ptr<Tokenizer> source, target;
};

/// "2 </s>", or why there is none.
std::string shown_id(const std::optional<std::int64_t>& id, const Tokenizer* tokenizer) {
  if (!id) return "not known";
  const std::string label = tokenizer != nullptr ? tokenizer->token(*id).text : "";
  return std::to_string(*id) + (label.empty() ? "" : " " + one_line(label));
}

void print_ids(const ModelInfo& info, const ModelConfig& config, const Sides& tokenizers) {
  const bool two_stacks = info.task == Task::kSeq2Seq;
  const Tokenizer* writes =
      two_stacks && tokenizers.target != nullptr ? tokenizers.target.get() : tokenizers.source.get();
  std::string ends;
  for (const std::int64_t id : config.eos) ends += (ends.empty() ? "" : ", ") + shown_id(id, writes);
  std::cout << "ends at    " << (ends.empty() ? "not known: a generation goes on to its limit" : ends)
            << "\nbegins at  " << shown_id(config.bos, tokenizers.source.get()) << "\npads with  "
            << shown_id(config.pad, tokenizers.source.get()) << '\n';
  if (two_stacks)
    std::cout << "decoder    starts at "
              << shown_id(config.decoder_start ? config.decoder_start : config.bos, writes) << '\n';
  std::cout << "positions  "
            << (info.max_positions ? "at most " + std::to_string(*info.max_positions) : "no limit known")
            << '\n';
}

void print_for_people(const ModelInfo& info, const ModelConfig& config, const Sides& tokenizers) {
  std::cout << "model      " << one_line(info.file) << "\nsha256     " << info.sha256 << '\n';
  for (const ModelInput& input : info.inputs) {
    std::cout << "input      " << one_line(input.name) << ": " << input.type << " = " << to_string(input.role)
              << '\n';
  }
  for (const AttentionSite& site : info.sites) {
    std::cout << "attention  layer " << site.layer << ", " << to_string(site.kind)
              << (site.causal ? ", causal" : "") << ", " << site.heads << " heads, by " << site.capture
              << (site.scope.empty() ? "" : ", in " + one_line(site.scope)) << '\n';
  }
  if (info.task) std::cout << "task       " << to_string(*info.task) << '\n';
  std::cout << "tokenizer  " << (tokenizers.source ? tokenizers.source->describe() : "none found") << '\n';
  if (tokenizers.target) std::cout << "of target  " << tokenizers.target->describe() << '\n';
  print_ids(info, config, tokenizers);
  if (!info.outputs.empty()) std::cout << "outputs    " << one_line(info.outputs) << '\n';
  if (!info.dry_run_failure.empty())
    std::cout << "dry run    failed: " << one_line(info.dry_run_failure) << '\n';
}

void run_inspect(const InspectOptions& options, const ConsoleOptions& console_options) {
  Console console(console_options);
  const auto model = load_model(options.load, console);
  const Sides tokenizers{find_tokenizer(options.tokenizer, *model), find_target_tokenizer(*model)};
  const ModelInfo& info = model->info();
  if (options.json) {
    if (!info.dry_run_failure.empty()) console.warning("the dry run failed: " + info.dry_run_failure);
    std::cout << model_json(info, model->config(), {tokenizers.source.get(), tokenizers.target.get()});
  } else {
    print_for_people(info, model->config(), tokenizers);
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
