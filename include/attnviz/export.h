#pragma once

/// Marks what the shared library shows to its users: a public class, or a public function that is not inline.
/// All else is hidden, and a test fails on a symbol that is shown without this mark.
#if defined(__GNUC__)
#define ATTNVIZ_EXPORT __attribute__((visibility("default")))
#else
#define ATTNVIZ_EXPORT
#endif
