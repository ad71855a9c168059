"""The network: a small pre-norm decoder with rotary positions and written-out attention."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def rotary_tables(like: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Cosine and sine [T, width / 2] for the T positions of `like` [B, T, C]."""
    positions = torch.arange(like.shape[1], dtype=like.dtype, device=like.device)
    powers = torch.arange(0, width, 2, dtype=like.dtype, device=like.device) / width
    angles = positions[:, None] * torch.exp(-math.log(10000.0) * powers)[None, :]
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotates the two halves of x [B, H, T, D] by the angles [T, D / 2]."""
    left, right = x.chunk(2, dim=-1)
    return torch.cat((left * cosine - right * sine, left * sine + right * cosine), dim=-1)


class Blend(nn.Module):
    """A causal depthwise convolution over time, [B, T, C] -> [B, T, C].

    It starts close to the identity and lets a query or key see the tokens just
    before its own, so that one layer can match names of several tokens
    (So et al. 2021, "Primer").
    """

    def __init__(self, width: int, taps: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(taps, width))
        with torch.no_grad():
            self.weight[0] += 1.0

    def forward(self, x: Tensor) -> Tensor:
        total = x * self.weight[0]
        for tap in range(1, self.weight.shape[0]):
            total = total + F.pad(x, (0, 0, tap, 0))[:, :-tap] * self.weight[tap]
        return total


class Attention(nn.Module):
    """Causal self-attention, [B, T, C] -> [B, T, C] and its weights [B, H, T, T]."""

    def __init__(self, width: int, heads: int, taps: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = math.sqrt(width // heads)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)
        self.blend_query = Blend(width, taps)
        self.blend_key = Blend(width, taps)

    def split(self, x: Tensor) -> Tensor:
        """[B, T, C] -> [B, H, T, D]"""
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(
        self, x: Tensor, cosine: Tensor, sine: Tensor, future: Tensor
    ) -> tuple[Tensor, Tensor]:
        query = rotate(self.split(self.blend_query(self.query(x))), cosine, sine)
        key = rotate(self.split(self.blend_key(self.key(x))), cosine, sine)
        value = self.split(self.value(x))
        scores = torch.matmul(query, key.transpose(-2, -1)) / self.scale
        weights = torch.softmax(scores.masked_fill(future, float("-inf")), dim=-1)
        mixed = torch.matmul(weights, value).transpose(1, 2)
        return self.output(mixed.reshape(x.shape)), weights


class Layer(nn.Module):
    """Pre-norm attention and feed-forward, [B, T, C] -> [B, T, C] and weights [B, H, T, T]."""

    def __init__(self, width: int, heads: int, taps: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads, taps)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(
        self, x: Tensor, cosine: Tensor, sine: Tensor, future: Tensor
    ) -> tuple[Tensor, Tensor]:
        mixed, weights = self.attention(self.attention_norm(x), cosine, sine, future)
        x = x + mixed
        return x + self.feed(self.feed_norm(x)), weights


class AnswerModel(nn.Module):
    """Token ids [B, T] -> logits [B, T, vocabulary]; input and output embedding are tied."""

    def __init__(
        self, vocabulary: int, width: int = 128, layers: int = 4, heads: int = 4, taps: int = 3
    ) -> None:
        super().__init__()
        self.settings = dict(
            vocabulary=vocabulary, width=width, layers=layers, heads=heads, taps=taps
        )
        self.head_width = width // heads
        self.input_scale = math.sqrt(width)
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.layers = nn.ModuleList(Layer(width, heads, taps) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def states(self, input_ids: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Token ids [B, T] -> last states [B, T, C] and each layer's weights [B, H, T, T]."""
        x = self.embedding(input_ids) * self.input_scale
        cosine, sine = rotary_tables(x, self.head_width)
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        future = positions[None, :] > positions[:, None]
        attentions = []
        for layer in self.layers:
            x, weights = layer(x, cosine, sine, future)
            attentions.append(weights)
        return self.norm(x), attentions

    def logits(self, states: Tensor) -> Tensor:
        """States [..., C] -> logits [..., vocabulary]."""
        return torch.matmul(states, self.embedding.weight.t())

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.logits(self.states(input_ids)[0])

    @torch.no_grad()
    def attention(self, ids: list[int]) -> Tensor:
        """The attention of all layers and heads for one text, [L, H, T, T]."""
        return torch.cat(self.states(torch.tensor([ids]))[1])


def load_checkpoint(path: str) -> AnswerModel:
    """The model of a checkpoint of qa_train.py, in evaluation mode."""
    content = torch.load(path, map_location="cpu")
    model = AnswerModel(**content["settings"])
    model.load_state_dict(content["state"])
    return model.eval()


def load_model(path: str, heads: int = 4) -> AnswerModel:
    """The model of a checkpoint, or of an exported model.pt, whose weights are the same (`heads` is not in them)."""
    if str(path).endswith(".ckpt"):
        return load_checkpoint(path)
    state = torch.jit.load(str(path)).state_dict()
    vocabulary, width = state["embedding.weight"].shape
    taps = state["layers.0.attention.blend_query.weight"].shape[0]
    layers = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("layers."))
    model = AnswerModel(vocabulary, width, layers, heads, taps)
    model.load_state_dict(state)
    return model.eval()
