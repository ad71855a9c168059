#!/usr/bin/env python3
"""Writes colormap_tables.cpp: the published colormaps, resampled to the 220 steps of the palette.

Run with Debian's python3-matplotlib:  python3 src/render/generate_colormaps.py > src/render/colormap_tables.cpp
"""
import matplotlib

STEPS = 220
NAMES = ["viridis", "magma", "inferno", "plasma", "cividis"]

HEAD = """// Written by generate_colormaps.py from the numbers that their authors published; do not edit.
//
// viridis, magma, inferno, plasma: by Nathaniel J. Smith, Stefan van der Walt and (viridis) Eric Firing, released
// under CC0 1.0: no rights reserved (https://creativecommons.org/publicdomain/zero/1.0/).
//
// cividis: by Jamie R. Nunez, Christopher R. Anderton and Ryan S. Renslow, "Optimizing colormaps with consideration
// for color vision deficiency to enable accurate interpretation of scientific data", PLoS ONE 13(7), 2018,
// e0199239, https://doi.org/10.1371/journal.pone.0199239; the article and its data are available under the Creative
// Commons Attribution 4.0 licence (https://creativecommons.org/licenses/by/4.0/). Changed: resampled.
#include "render/colormap_tables.h"

namespace attnviz::render {
"""


def steps(name):
    colors = matplotlib.colormaps[name].colors
    for step in range(STEPS):
        at = step * (len(colors) - 1) / (STEPS - 1)
        low = min(int(at), len(colors) - 2)
        mix = [a + (b - a) * (at - low) for a, b in zip(colors[low], colors[low + 1])]
        yield "0x" + "".join(f"{round(255 * channel):02x}" for channel in mix)


print(HEAD)
print("// clang-format off")
for name in NAMES:
    values = list(steps(name))
    print(f"const std::array<std::uint32_t, kColorSteps> k{name.capitalize()} = {{")
    for row in range(0, STEPS, 11):
        print("    " + ", ".join(values[row:row + 11]) + ",")
    print("};\n")
print("// clang-format on\n}  // namespace attnviz::render")
