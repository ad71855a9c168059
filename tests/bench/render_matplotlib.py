#!/usr/bin/python3
"""The token picture by matplotlib, as quickly as it goes: one figure, whose data and labels are replaced.

Three heatmaps of 12 layers x 64 sources with an overall row, colour bars, token labels, a title and the text with each
token on its colour: what render_bench draws. Prints the seconds and the bytes of a PNG (best of three rounds).
"""
import io
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy

LAYERS, SOURCES, REDUCTIONS, PICTURES = 12, 64, ["mean", "max", "rollout"], 8


def weights(random):
    rows = random.random((LAYERS, SOURCES)) ** 14 + 1e-4
    return rows / rows.sum(axis=1, keepdims=True)


class Page:
    def __init__(self, tokens):
        self.figure, axes = plt.subplots(4, 1, figsize=(14.94, 12.2), dpi=100, height_ratios=[1, 4, 4, 4])
        self.title = self.figure.suptitle("")
        self.text_axes = axes[0]
        self.text_axes.axis("off")
        renderer = self.figure.canvas.get_renderer()
        self.tokens, x, y = [], 0.0, 0.9
        for token in tokens:
            text = self.text_axes.text(x, y, token, fontsize=9, bbox={"pad": 1, "linewidth": 0})
            x += text.get_window_extent(renderer).width / 1200
            if x > 0.95:
                x, y = 0.0, y - 0.25
            self.tokens.append(text)
        self.images = []
        for axis, name in zip(axes[1:], REDUCTIONS):
            image = axis.imshow(numpy.zeros((LAYERS + 1, SOURCES)), aspect="auto", interpolation="nearest", vmin=0, vmax=1)
            axis.set_title(name, loc="left")
            axis.set_ylabel("layer")
            axis.set_yticks(range(LAYERS + 1), [*map(str, range(LAYERS)), "overall"])
            axis.set_xticks(range(SOURCES), tokens if name == REDUCTIONS[-1] else [], rotation=90)
            self.figure.colorbar(image, ax=axis)
            self.images.append(image)

    def draw(self, index, maps):
        self.title.set_text(f"{index} token")
        for image, rows in zip(self.images, maps):
            image.set_data(numpy.sqrt(numpy.vstack([rows, rows.mean(axis=0)])))
        overall = numpy.sqrt(maps[0].mean(axis=0))
        for text, color in zip(self.tokens, plt.get_cmap("viridis")(overall)):
            text.get_bbox_patch().set_facecolor(color)
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png")
        return buffer.tell()


def main():
    random = numpy.random.default_rng(1)
    words = "the harbour master of Velmora is Tessin and the old bridge".split()
    page = Page([words[i % len(words)] for i in range(SOURCES)])
    page.draw(0, [weights(random) for _ in REDUCTIONS])
    best, size = float("inf"), 0
    for _ in range(3):
        maps = [[weights(random) for _ in REDUCTIONS] for _ in range(PICTURES)]
        start = time.perf_counter()
        sizes = [page.draw(index, picture) for index, picture in enumerate(maps)]
        best, size = min(best, (time.perf_counter() - start) / PICTURES), sum(sizes) / PICTURES
    print(best, size)


if __name__ == "__main__":
    main()
