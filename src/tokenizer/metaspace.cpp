#include "tokenizer/metaspace.h"

#include "tokenizer/json.h"

namespace attnviz::tokenizer {

Metaspace read_metaspace(const json::Fields& fields) {
  Metaspace options;
  options.replacement = fields.character("replacement");
  options.split = fields.flag("split", true);
  const bool add_prefix_space = fields.flag("add_prefix_space", true);
  const std::string scheme = fields.optional_text("prepend_scheme").value_or("always");
  if (scheme == "always") {
    options.scheme = PrependScheme::kAlways;
  } else if (scheme == "first") {
    options.scheme = PrependScheme::kFirst;
  } else if (scheme == "never") {
    options.scheme = PrependScheme::kNever;
  } else {
    fields.fail("prepend_scheme \"" + scheme + "\" is not supported");
  }
  if (!add_prefix_space) {
    if (fields.find("prepend_scheme") != nullptr && options.scheme != PrependScheme::kNever) {
      fields.fail("add_prefix_space is false but prepend_scheme is \"" + scheme + "\"");
    }
    options.scheme = PrependScheme::kNever;
  }
  return options;
}

}  // namespace attnviz::tokenizer
