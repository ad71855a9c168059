/// What a pickle of a TorchScript archive says of the tensors in it. Nothing is built from it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace attnviz::source {

/// How many bytes the record of a tensor's numbers has; nothing when there is no such record.
using SizeOfRecord = std::function<std::optional<std::uint64_t>(std::string_view key)>;

/// Walks the pickle (protocol 2, the operations that torch's reader knows) and says, as an end of "…: ", what
/// is wrong with it: it is cut short or takes from an empty stack; a record, whose bytes `size_of` gives, is
/// shorter than the tensor that it holds; or a tensor reaches beyond its numbers. Nothing: as far as could be
/// followed, all is well. Ends in time and memory that grow with `bytes` alone.
std::optional<std::string> find_pickle_trouble(std::string_view bytes, const SizeOfRecord& size_of);

}  // namespace attnviz::source
