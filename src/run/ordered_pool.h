#pragma once

#include <cstdint>
#include <functional>

namespace attnviz::run {

/// Calls work(worker, item) once for every item of [0, items), from `workers` threads (this one alone for 1;
/// fewer where the system lets no more start), items in ascending order of their start. `finished` is called
/// on this thread with the count so far, now and then. The error of the lowest item that failed is thrown
/// after all threads have stopped; later items are then not begun.
void for_each_item(std::int64_t items, int workers, const std::function<void(int, std::int64_t)>& work,
                   const std::function<void(std::int64_t)>& finished);

}  // namespace attnviz::run
