"""The network: a small pre-norm encoder–decoder with written-out attention."""

import math
from typing import List, Tuple

import torch
from torch import Tensor, nn

from qa_model import rotary_tables, rotate


class Attention(nn.Module):
    """Positions x [B, T, C] read from `seen` [B, S, C]: what they read [B, T, C], and weights [B, H, T, S].

    With `rotary`, scores depend on the distance of query and key, else on their content alone.
    In training a share `drop` of the heads is left out, so that each has to read what is needed.
    """

    def __init__(self, width: int, heads: int, rotary: bool, drop: float) -> None:
        super().__init__()
        self.heads = heads
        self.head_width = width // heads
        self.rotary = rotary
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)
        self.drop = nn.Dropout2d(drop)  # of whole heads

    def split(self, x: Tensor) -> Tensor:
        """[B, T, C] -> [B, H, T, D]"""
        return x.view(x.shape[0], x.shape[1], self.heads, self.head_width).transpose(1, 2)

    def turned(self, x: Tensor) -> Tensor:
        """Rotates each head [B, H, T, D] by its position, where the attention is rotary."""
        if not self.rotary:
            return x
        cosine, sine = rotary_tables(x[:, 0], self.head_width)
        return rotate(x, cosine, sine)

    def forward(self, x: Tensor, seen: Tensor, causal: bool) -> Tuple[Tensor, Tensor]:
        query = self.turned(self.split(self.query(x)))
        key = self.turned(self.split(self.key(seen)))
        scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(self.head_width)
        if causal:
            future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(future, float("-inf"))
        weights = torch.softmax(scores, dim=-1)
        mixed = self.drop(torch.matmul(weights, self.split(self.value(seen))))
        return self.output(mixed.transpose(1, 2).reshape(x.shape)), weights


class Feed(nn.Module):
    """Pre-norm feed-forward with its residual, [B, T, C] -> [B, T, C]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, 2 * width)
        self.outer = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.outer(torch.nn.functional.gelu(self.inner(self.norm(x))))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, [B, S, C] -> [B, S, C] and weights [B, H, S, S]."""

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads, rotary=True, drop=drop)
        self.feed = Feed(width)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        normal = self.norm(x)
        mixed, weights = self.attention(normal, normal, causal=False)
        return self.feed(x + mixed), weights


class DecoderLayer(nn.Module):
    """Causal self-attention, cross-attention and feed-forward.

    [B, T, C] and memory [B, S, C] -> [B, T, C], weights [B, H, T, T] and [B, H, T, S].
    """

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads, rotary=True, drop=drop)
        self.cross_norm = nn.LayerNorm(width)
        self.cross = Attention(width, heads, rotary=False, drop=drop)
        self.feed = Feed(width)

    def forward(self, x: Tensor, memory: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        normal = self.norm(x)
        mixed, own = self.attention(normal, normal, causal=True)
        x = x + mixed
        mixed, cross = self.cross(self.cross_norm(x), memory, causal=False)
        return self.feed(x + mixed), own, cross


class DateModel(nn.Module):
    """Source ids [B, S] and decoder ids [B, T] -> logits [B, T, vocabulary].

    One embedding serves source, target and output.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int = 64,
        encoder: int = 1,
        decoder: int = 2,
        heads: int = 4,
        drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.settings = dict(
            vocabulary=vocabulary, width=width, encoder=encoder, decoder=decoder, heads=heads
        )
        self.input_scale = math.sqrt(width)
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.encoder = nn.ModuleList(EncoderLayer(width, heads, drop) for _ in range(encoder))
        self.memory_norm = nn.LayerNorm(width)
        self.decoder = nn.ModuleList(DecoderLayer(width, heads, drop) for _ in range(decoder))
        self.norm = nn.LayerNorm(width)

    @torch.jit.export
    def encode(self, input_ids: Tensor) -> Tensor:
        """Source ids [B, S] -> memory [B, S, C]."""
        x = self.embedding(input_ids) * self.input_scale
        for layer in self.encoder:
            x, _ = layer(x)
        return self.memory_norm(x)

    @torch.jit.export
    def decode(self, decoder_input_ids: Tensor, memory: Tensor) -> Tensor:
        """Decoder ids [B, T] and memory [B, S, C] -> logits [B, T, vocabulary]."""
        x = self.embedding(decoder_input_ids) * self.input_scale
        for layer in self.decoder:
            x, _, _ = layer(x, memory)
        return torch.matmul(self.norm(x), self.embedding.weight.t())

    def forward(self, input_ids: Tensor, decoder_input_ids: Tensor) -> Tensor:
        return self.decode(decoder_input_ids, self.encode(input_ids))

    @torch.jit.unused
    @torch.no_grad()
    def attention(self, source: List[int], target: List[int]) -> Tuple[Tensor, Tensor, Tensor]:
        """The weights of one pair: encoder [L, H, S, S], decoder [M, H, T, T], cross [M, H, T, S]."""
        x = self.embedding(torch.tensor([source])) * self.input_scale
        encoder, own, cross = [], [], []
        for layer in self.encoder:
            x, weights = layer(x)
            encoder.append(weights)
        memory = self.memory_norm(x)
        x = self.embedding(torch.tensor([target])) * self.input_scale
        for layer in self.decoder:
            x, own_weights, cross_weights = layer(x, memory)
            own.append(own_weights)
            cross.append(cross_weights)
        return torch.cat(encoder), torch.cat(own), torch.cat(cross)


def load_checkpoint(path: str) -> DateModel:
    """The model of a checkpoint of dates_train.py, in evaluation mode."""
    content = torch.load(path, map_location="cpu")
    model = DateModel(**content["settings"])
    model.load_state_dict(content["state"])
    return model.eval()


def load_model(path: str, heads: int = 4) -> DateModel:
    """The model of a checkpoint, or of an exported model.pt (`heads` is not told by its weights)."""
    if str(path).endswith(".ckpt"):
        return load_checkpoint(path)
    state = torch.jit.load(str(path)).state_dict()
    vocabulary, width = state["embedding.weight"].shape
    depths = [
        1 + max(int(name.split(".")[1]) for name in state if name.startswith(stack))
        for stack in ("encoder.", "decoder.")
    ]
    model = DateModel(vocabulary, width, *depths, heads)
    model.load_state_dict(state)
    return model.eval()
