#include <array>
#include <utility>

#include "source/config.h"

namespace attnviz::source {

namespace {

using Kind = Role::Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 8> kNames = {{{Kind::kIds, "ids"},
                                                                      {Kind::kMask, "mask"},
                                                                      {Kind::kTypes, "types"},
                                                                      {Kind::kPositions, "positions"},
                                                                      {Kind::kTargetIds, "target_ids"},
                                                                      {Kind::kTargetMask, "target_mask"},
                                                                      {Kind::kNone, "none"},
                                                                      {Kind::kMemory, "memory"}}};

}  // namespace

std::string to_string(const Role& role) {
  for (const auto& [kind, name] : kNames) {
    if (kind == role.kind) return std::string(name);
  }
  return role.written;
}

std::optional<Role> parse_role(std::string_view name) {
  for (const auto& [kind, known] : kNames) {
    if (known == name && kind != Kind::kMemory) return Role{.kind = kind};
  }
  return std::nullopt;
}

}  // namespace attnviz::source
