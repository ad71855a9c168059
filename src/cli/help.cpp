#include "cli/help.h"

#include <string>

namespace attnviz::cli {
namespace {

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(32); }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_items_expected() == 0 || option->get_type_size() == 0) return "";
    return " " + option->get_type_name();
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    const std::string value = option->get_default_str();
    return option->get_description() + (value.empty() ? "" : " (default " + value + ")");
  }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    if (app->get_parent() != nullptr) return CLI::Formatter::make_usage(app, std::move(name));
    return "Usage: attnviz MODEL (--text T | --text-file F | --segment NAME=TEXT … | --ids 1,2,3 | --batch "
           "F) --out DIR "
           "[options]\n"
           "       attnviz inspect MODEL, attnviz tokenize TOKENIZER, attnviz diff MAPS_A MAPS_B (each has "
           "--help)\n";
  }

  std::string make_group(std::string group, bool positional,
                         std::vector<const CLI::Option*> options) const override {
    std::string text = CLI::Formatter::make_group(std::move(group), positional, std::move(options));
    while (text.ends_with("\n\n")) text.pop_back();
    return text.starts_with("\n") ? text.substr(1) : text;
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<HelpFormatter>(); }

}  // namespace attnviz::cli
