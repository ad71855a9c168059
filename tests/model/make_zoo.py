"""Makes the archives in tests/model/data: small models written by PyTorch itself, and what their attention is.

    python3 make_zoo.py OUT

Archives and truth are named after the version of torch that wrote them (1.13, 2.6 and 2.15 are committed). The truth is
computed in float64 by the formulas below, from nothing but the parameters; no module of torch takes part in it.
"""

import json
import math
import sys
import zipfile
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

VERSION = ".".join(torch.__version__.split(".")[:2])
IS_2 = not torch.__version__.startswith("1.")
VOCABULARY = 16
WIDTH = 8
HEADS = 2
HIDDEN = 12
# What both versions write alike is kept once.
ONLY_OLD = {"gpt-traced", "gpt-scripted", "gpt-frozen", "gpt-bfloat16", "gpt-float16", "bert-traced", "t5-scripted"}
# What later versions than 2.6 add to that.
ONLY_NEW = {"encoder-padded-scripted"}
IS_NEW = IS_2 and int(VERSION.split(".")[1]) > 6
SOURCE = [3, 7, 1, 12, 5, 9, 2]
TARGET = [4, 8, 11, 6, 13]
PADDED = SOURCE + [0, 0, 0]


# ---------------------------------------------------------------------------------------------------------- truth


def to64(module: nn.Module) -> dict:
    """Parameters and buffers in float64, by name."""
    return {name: tensor.detach().double() for name, tensor in module.state_dict().items() if tensor is not None}


def part(state: dict, prefix: str) -> dict:
    """What lies under `prefix.` in a state."""
    return {name[len(prefix) + 1 :]: value for name, value in state.items() if name.startswith(prefix + ".")}


def linear(x: Tensor, state: dict, name: str = "") -> Tensor:
    weight = state[name + ".weight" if name else "weight"]
    bias = state.get(name + ".bias" if name else "bias")
    y = torch.einsum("ti,oi->to", x, weight)
    return y if bias is None else y + bias


def layer_norm(x: Tensor, state: dict, eps: float = 1e-5) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.pow(2).mean(-1, keepdim=True) + eps).sqrt() * state["weight"] + state["bias"]


def softmax(scores: Tensor) -> Tensor:
    powers = (scores - scores.max(-1, keepdim=True).values).exp()
    return powers / powers.sum(-1, keepdim=True)


def heads_of(x: Tensor, heads: int) -> Tensor:
    """[T, C] -> [H, T, D]"""
    return x.view(x.shape[0], heads, -1).permute(1, 0, 2)


def attention(q: Tensor, k: Tensor, v: Tensor, heads: int, bias=None, scale=None):
    """Output [Q, C] and weights [H, Q, K] of projected queries, keys and values [T, C]; `bias` is added to scores."""
    q, k, v = heads_of(q, heads), heads_of(k, heads), heads_of(v, heads)
    scores = torch.einsum("hqd,hkd->hqk", q, k) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    weights = softmax(scores if bias is None else scores + bias)
    mixed = torch.einsum("hqk,hkd->qhd", weights, v)
    return mixed.reshape(mixed.shape[0], -1), weights


def multi_head(x: Tensor, y: Tensor, state: dict, bias=None):
    """nn.MultiheadAttention: queries from x, keys and values from y."""
    width = x.shape[-1]
    weight, b = state["in_proj_weight"], state["in_proj_bias"]
    q = torch.einsum("ti,oi->to", x, weight[:width]) + b[:width]
    k = torch.einsum("ti,oi->to", y, weight[width : 2 * width]) + b[width : 2 * width]
    v = torch.einsum("ti,oi->to", y, weight[2 * width :]) + b[2 * width :]
    mixed, weights = attention(q, k, v, HEADS, bias)
    return linear(mixed, state, "out_proj"), weights


def future(length: int) -> Tensor:
    """0 on and below the diagonal, −∞ above."""
    return torch.full((length, length), -math.inf, dtype=torch.float64).triu(1)


def gelu(x: Tensor) -> Tensor:
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def encoder_layer(x: Tensor, state: dict, norm_first=False, activation=torch.relu, bias=None):
    """nn.TransformerEncoderLayer."""

    def feed(z):
        return linear(activation(linear(z, state, "linear1")), state, "linear2")

    first, second = part(state, "norm1"), part(state, "norm2")
    seen = layer_norm(x, first) if norm_first else x
    mixed, weights = multi_head(seen, seen, part(state, "self_attn"), bias)
    x = x + mixed
    if norm_first:
        return x + feed(layer_norm(x, second)), weights
    x = layer_norm(x, first)
    return layer_norm(x + feed(x), second), weights


def decoder_layer(x: Tensor, memory: Tensor, state: dict):
    """nn.TransformerDecoderLayer, norms after, with a causal mask."""
    mixed, own = multi_head(x, x, part(state, "self_attn"), future(x.shape[0]))
    x = layer_norm(x + mixed, part(state, "norm1"))
    mixed, cross = multi_head(x, memory, part(state, "multihead_attn"))
    x = layer_norm(x + mixed, part(state, "norm2"))
    fed = linear(torch.relu(linear(x, state, "linear1")), state, "linear2")
    return layer_norm(x + fed, part(state, "norm3")), own, cross


# --------------------------------------------------------------------------------------------------------- models


class Encoder(nn.Module):
    """nn.TransformerEncoder over embedded ids."""

    def __init__(self, layers: int = 2, **options):
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, batch_first=True, **options)
        self.encoder = nn.TransformerEncoder(layer, layers)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.encoder(self.table(input_ids))


class PaddedEncoder(Encoder):
    """Likewise, with a padding mask: on the fast path the text becomes a nested tensor."""

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.encoder(self.table(input_ids), src_key_padding_mask=input_ids == 0)


class MaskedEncoder(Encoder):
    """Likewise, each position seeing itself and the three before it."""

    def forward(self, input_ids: Tensor) -> Tensor:
        length = input_ids.shape[1]
        away = torch.arange(length)[:, None] - torch.arange(length)[None, :]
        return self.encoder(self.table(input_ids), mask=(away < 0) | (away > 3))


def encoder_truth(module: Encoder, norm_first=False, activation=torch.relu, bias=None, ids=SOURCE) -> list:
    state = to64(module)
    x = state["table.weight"][torch.tensor(ids)]
    layers = []
    for i in range(len(module.encoder.layers)):
        x, weights = encoder_layer(x, part(state, f"encoder.layers.{i}"), norm_first, activation, bias)
        layers.append(("self", weights))
    return layers


class Translator(nn.Module):
    """nn.Transformer over embedded ids."""

    def __init__(self):
        super().__init__()
        self.source_table = nn.Embedding(VOCABULARY, WIDTH)
        self.target_table = nn.Embedding(VOCABULARY, WIDTH)
        self.transformer = nn.Transformer(WIDTH, HEADS, 2, 2, HIDDEN, batch_first=True)
        self.head = nn.Linear(WIDTH, VOCABULARY)

    def forward(self, src: Tensor, tgt: Tensor) -> Tensor:
        length = tgt.shape[1]
        mask = torch.full([length, length], float("-inf")).triu(1)
        states = self.transformer(self.source_table(src), self.target_table(tgt), tgt_mask=mask)
        return self.head(states)


def translator_truth(module: Translator) -> list:
    state = to64(module)
    x = state["source_table.weight"][torch.tensor(SOURCE)]
    layers = []
    for i in range(2):
        x, weights = encoder_layer(x, part(state, f"transformer.encoder.layers.{i}"))
        layers.append(("encoder", weights))
    memory = layer_norm(x, part(state, "transformer.encoder.norm"))
    y = state["target_table.weight"][torch.tensor(TARGET)]
    for i in range(2):
        y, own, cross = decoder_layer(y, memory, part(state, f"transformer.decoder.layers.{i}"))
        layers += [("decoder", own), ("cross", cross)]
    return layers


class Halves(Translator):
    """Likewise, as methods that are called one after the other; forward is the encoder alone."""

    @torch.jit.export
    def encode(self, src: Tensor) -> Tensor:
        return self.transformer.encoder(self.source_table(src))

    @torch.jit.export
    def decode(self, memory: Tensor, tgt: Tensor) -> Tensor:
        length = tgt.shape[1]
        mask = torch.full([length, length], float("-inf")).triu(1)
        return self.head(self.transformer.decoder(self.target_table(tgt), memory, tgt_mask=mask))

    def forward(self, src: Tensor) -> Tensor:
        return self.encode(src)


class AttentionOnly(nn.Module):
    """One nn.MultiheadAttention that returns its weights."""

    def __init__(self, average: bool, need_weights: bool = True):
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.average = average
        self.need_weights = need_weights

    def forward(self, input_ids: Tensor):
        x = self.table(input_ids)
        return self.attention(x, x, x, need_weights=self.need_weights, average_attn_weights=self.average)


def attention_only_truth(module: AttentionOnly) -> list:
    state = to64(module)
    x = state["table.weight"][torch.tensor(SOURCE)]
    return [("self", multi_head(x, x, part(state, "attention"))[1])]


class Block(nn.Module):
    """A pre-norm block of a GPT; `sdpa` uses PyTorch's operator, otherwise attention is written out."""

    sdpa: Final[bool]
    heads: Final[int]

    def __init__(self, sdpa: bool):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.feed = nn.Sequential(nn.Linear(WIDTH, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, WIDTH))
        self.sdpa = sdpa
        self.heads = HEADS

    def attend(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        if self.sdpa:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.transpose(-2, -1) / math.sqrt(width // self.heads)
            positions = torch.arange(length, device=x.device)
            scores = scores.masked_fill(positions[None, :] > positions[:, None], float("-inf"))
            mixed = F.dropout(F.softmax(scores, -1), 0.1, self.training) @ v
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(self.norm1(x))
        return x + self.feed(self.norm2(x))


class Gpt(nn.Module):
    """Learned positions, two blocks, logits."""

    def __init__(self, sdpa: bool):
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Embedding(24, WIDTH)
        self.blocks = nn.ModuleList(Block(sdpa) for _ in range(2))
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, idx: Tensor) -> Tensor:
        x = self.table(idx) + self.positions(torch.arange(idx.shape[1], device=idx.device))[None]
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def gpt_truth(module: Gpt) -> list:
    state = to64(module)
    x = state["table.weight"][torch.tensor(SOURCE)] + state["positions.weight"][: len(SOURCE)]
    layers = []
    for i in range(2):
        block = part(state, f"blocks.{i}")
        q, k, v = linear(layer_norm(x, part(block, "norm1")), block, "qkv").chunk(3, -1)
        mixed, weights = attention(q, k, v, HEADS, future(len(SOURCE)))
        x = x + linear(mixed, block, "out")
        feed = part(block, "feed")
        x = x + linear(gelu(linear(layer_norm(x, part(block, "norm2")), feed, "0")), feed, "2")
        layers.append(("self", weights))
    return layers


class LlamaBlock(nn.Module):
    """Grouped queries, rotary positions, RMS norms; on torch 2 by the operators that it has for them."""

    def __init__(self):
        super().__init__()
        self.norm = nn.Parameter(1 + 0.1 * torch.randn(16))
        self.query = nn.Linear(16, 16, bias=False)
        self.key = nn.Linear(16, 8, bias=False)
        self.value = nn.Linear(16, 8, bias=False)
        self.out = nn.Linear(16, 16, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        batch, length, _ = x.shape
        if IS_2:
            y = F.rms_norm(x, [16], self.norm, 1e-6)
        else:
            y = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.norm
        q = self.query(y).view(batch, length, 4, 4).transpose(1, 2)
        k = self.key(y).view(batch, length, 2, 4).transpose(1, 2)
        v = self.value(y).view(batch, length, 2, 4).transpose(1, 2)
        q, k = rotate(q, cosine, sine), rotate(k, cosine, sine)
        if IS_2:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        else:
            k, v = k.repeat_interleave(2, 1), v.repeat_interleave(2, 1)
            scores = torch.matmul(q, k.transpose(2, 3)) / 2.0
            mask = torch.full([length, length], torch.finfo(scores.dtype).min).triu(1)
            weights = F.softmax(scores + mask, dim=-1, dtype=torch.float32).to(q.dtype)
            mixed = torch.matmul(weights, v)
        return x + self.out(mixed.transpose(1, 2).reshape(batch, length, 16))


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    left, right = x.chunk(2, -1)
    return torch.cat([left * cosine - right * sine, right * cosine + left * sine], -1)


def angles(length: int, like: Tensor) -> Tensor:
    """[T, 2]"""
    return torch.arange(length, dtype=like.dtype)[:, None] * torch.tensor([1.0, 0.01], dtype=like.dtype)[None, :]


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, 16)
        self.layers = nn.ModuleList(LlamaBlock() for _ in range(2))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        x = self.table(input_ids) * attention_mask[..., None]
        turns = angles(input_ids.shape[1], x)
        for layer in self.layers:
            x = layer(x, turns.cos(), turns.sin())
        return x @ self.table.weight.t()


def llama_truth(module: Llama) -> list:
    state = to64(module)
    x = state["table.weight"][torch.tensor(SOURCE)]
    turns = angles(len(SOURCE), x)
    layers = []
    for i in range(2):
        block = part(state, f"layers.{i}")
        y = x / (x.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt() * block["norm"]
        q, k = heads_of(linear(y, block, "query"), 4), heads_of(linear(y, block, "key"), 2)
        v = heads_of(linear(y, block, "value"), 2)
        q, k = rotate(q, turns.cos(), turns.sin()), rotate(k, turns.cos(), turns.sin())
        k, v = k[[0, 0, 1, 1]], v[[0, 0, 1, 1]]
        weights = softmax(torch.einsum("hqd,hkd->hqk", q, k) / 2 + future(len(SOURCE)))
        x = x + linear(torch.einsum("hqk,hkd->qhd", weights, v).reshape(len(SOURCE), 16), block, "out")
        layers.append(("self", weights))
    return layers


class Bert(nn.Module):
    """Token types, an additive mask made of the attention mask, attention returned as a tuple, a pooled class."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, WIDTH)
        self.types = nn.Embedding(2, WIDTH)
        self.positions = nn.Embedding(32, WIDTH)
        self.register_buffer("position_ids", torch.arange(32)[None])
        self.layers = nn.ModuleList(nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(4)) for _ in range(2))
        self.classes = nn.Linear(WIDTH, 3)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor):
        length = input_ids.shape[1]
        x = self.table(input_ids) + self.types(token_type_ids) + self.positions(self.position_ids[:, :length])
        hidden = (1.0 - attention_mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        all_weights = []
        for query, key, value, out in self.layers:
            q, k, v = (p(x).view(1, length, HEADS, -1).permute(0, 2, 1, 3) for p in (query, key, value))
            weights = nn.functional.softmax(q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + hidden, -1)
            all_weights.append(weights)
            x = x + out((weights @ v).permute(0, 2, 1, 3).reshape(1, length, WIDTH))
        return x, F.softmax(self.classes(x[:, 0]), -1), tuple(all_weights)


def bert_truth(module: Bert) -> list:
    state = to64(module)
    length = len(SOURCE)
    x = state["table.weight"][torch.tensor(SOURCE)] + state["types.weight"][0] + state["positions.weight"][:length]
    layers = []
    for i in range(2):
        q, k, v = (linear(x, state, f"layers.{i}.{j}") for j in range(3))
        mixed, weights = attention(q, k, v, HEADS)
        x = x + linear(mixed, state, f"layers.{i}.3")
        layers.append(("self", weights))
    return layers


class T5(nn.Module):
    """An encoder–decoder whose attention has no scale and a bias by distance, one block each, scripted."""

    heads: Final[int]

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, WIDTH)
        self.heads = HEADS
        self.distance = nn.Embedding(32, HEADS)
        self.inner = nn.ModuleList(nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(12))

    def attend(self, first: int, x: Tensor, y: Tensor, causal: bool, near: bool) -> Tensor:
        q, k, v = x, y, y
        for i, projection in enumerate(self.inner):
            if i == first:
                q = projection(x)
            elif i == first + 1:
                k = projection(y)
            elif i == first + 2:
                v = projection(y)
        q = q.view(1, x.shape[1], self.heads, -1).transpose(1, 2)
        k = k.view(1, y.shape[1], self.heads, -1).transpose(1, 2)
        v = v.view(1, y.shape[1], self.heads, -1).transpose(1, 2)
        scores = torch.einsum("bhqd,bhkd->bhqk", q, k)
        away = torch.arange(x.shape[1])[:, None] - torch.arange(y.shape[1])[None, :]
        if near:
            scores = scores + self.distance(away + 16).permute(2, 0, 1).unsqueeze(0)
        if causal:
            scores = torch.where(away < 0, torch.full_like(scores, -1e9), scores)
        mixed = torch.einsum("bhqk,bhkd->bqhd", torch.softmax(scores, 3), v).flatten(2)
        for i, projection in enumerate(self.inner):
            if i == first + 3:
                mixed = projection(mixed)
        return x + mixed

    def forward(self, input_ids: Tensor, decoder_input_ids: Tensor) -> Tensor:
        x = self.table(input_ids)
        x = self.attend(0, x, x, False, True)
        y = self.table(decoder_input_ids)
        y = self.attend(4, y, y, True, True)
        y = self.attend(8, y, x, False, False)
        return y @ self.table.weight.t()


def t5_truth(module: T5) -> list:
    state = to64(module)

    def attend(first, x, y, causal, near):
        q, k, v = (linear(z, state, f"inner.{first + i}") for i, z in enumerate((x, y, y)))
        bias = torch.zeros(HEADS, len(x), len(y), dtype=torch.float64)
        for i in range(len(x)):
            for j in range(len(y)):
                if near:
                    bias[:, i, j] = state["distance.weight"][i - j + 16]
                if causal and j > i:
                    bias[:, i, j] = -math.inf
        mixed, weights = attention(q, k, v, HEADS, bias, scale=1.0)
        return x + linear(mixed, state, f"inner.{first + 3}"), weights

    x = state["table.weight"][torch.tensor(SOURCE)]
    x, encoder = attend(0, x, x, False, True)
    y = state["table.weight"][torch.tensor(TARGET)]
    y, own = attend(4, y, y, True, True)
    y, cross = attend(8, y, x, False, False)
    return [("encoder", encoder), ("decoder", own), ("cross", cross)]


class Vision(nn.Module):
    """torchvision's ViT; the picture is made of the ids, so that text is what it takes."""

    def __init__(self):
        super().__init__()
        from torchvision.models import VisionTransformer

        self.table = nn.Embedding(VOCABULARY, 12)
        self.vit = VisionTransformer(4, 2, 2, HEADS, WIDTH, HIDDEN, num_classes=3)
        nn.init.normal_(self.vit.heads.head.weight)

    def forward(self, input_ids: Tensor) -> Tensor:
        picture = self.table(input_ids).view(1, 4, 2, 2, 3).permute(0, 4, 1, 2, 3).reshape(1, 3, 4, 4)
        return self.vit(picture)


VISION_SOURCE = SOURCE[:4]


def vision_truth(module: Vision) -> list:
    state = to64(module)
    picture = state["table.weight"][torch.tensor(VISION_SOURCE)].view(1, 4, 2, 2, 3).permute(0, 4, 1, 2, 3)
    picture = picture.reshape(3, 4, 4)
    vit = part(state, "vit")
    patches = [picture[:, i : i + 2, j : j + 2].reshape(-1) for i in (0, 2) for j in (0, 2)]
    x = torch.stack(patches) @ vit["conv_proj.weight"].reshape(WIDTH, -1).t() + vit["conv_proj.bias"]
    x = torch.cat([vit["class_token"][0], x]) + vit["encoder.pos_embedding"][0]
    layers = []
    for i in range(2):
        layer = part(vit, f"encoder.layers.encoder_layer_{i}")
        y = layer_norm(x, part(layer, "ln_1"), 1e-6)
        mixed, weights = multi_head(y, y, part(layer, "self_attention"))
        x = x + mixed
        mlp = part(layer, "mlp")
        first, second = ("0", "3") if "0.weight" in mlp else ("linear_1", "linear_2")
        x = x + linear(gelu(linear(layer_norm(x, part(layer, "ln_2"), 1e-6), mlp, first)), mlp, second)
        layers.append(("self", weights))
    return layers


class FixedLength(nn.Module):
    """A model whose trace has the length in it: positions are made outside of the graph."""

    def __init__(self):
        super().__init__()
        self.gpt = Gpt(sdpa=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        x = self.gpt.table(input_ids) + self.gpt.positions(torch.arange(int(input_ids.shape[1])))[None]
        for block in self.gpt.blocks:
            x = block(x)
        return x


# ---------------------------------------------------------------------------------------------------------- files


def pack(path: Path) -> None:
    """Writes an archive again, compressed and without debug information."""
    with zipfile.ZipFile(path) as archive:
        entries = [(item.filename, archive.read(item)) for item in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in entries:
            if not name.endswith(".debug_pkl"):
                archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)


class Zoo:
    """A folder of archives and what is true of them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.truth = {}

    def add(self, name: str, archive, layers: list, capture: str, ids=SOURCE, target=()) -> None:
        if (IS_2 and name in ONLY_OLD) or IS_NEW != (name in ONLY_NEW):
            return
        file = f"{name}-{VERSION}.pt"
        torch.jit.save(archive, str(self.folder / file))
        pack(self.folder / file)
        self.add_truth(file, file, layers, capture, ids, target)

    def add_inputs(self, name: str, what: str, layers: list, capture: str, ids) -> None:
        """What is true of the archive `name` for other ids; `what` is said of them."""
        if IS_NEW != (name in ONLY_NEW):
            return
        self.add_truth(f"{name}-{what}-{VERSION}.pt", f"{name}-{VERSION}.pt", layers, capture, ids, ())

    def add_truth(self, key: str, file: str, layers: list, capture: str, ids, target) -> None:
        self.truth[key] = {
            "file": file,
            "capture": capture,
            "ids": list(ids),
            "target_ids": list(target),
            "layers": [{"kind": kind, "shape": list(w.shape), "weights": rounded(w)} for kind, w in layers],
        }

    def finish(self) -> None:
        text = json.dumps(self.truth, indent=None, separators=(",", ":")).replace('"encoder_', '\n"encoder_')
        (self.folder / f"truth-{VERSION}.json").write_text(text + "\n")


def rounded(weights: Tensor) -> list:
    return [float(f"{w:.8g}") for w in weights.flatten().tolist()]


def make(module_type, **options) -> nn.Module:
    torch.manual_seed(7)
    module = module_type(**options)
    for parameter in module.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.6)
        else:
            nn.init.normal_(parameter, mean=float(parameter.mean()), std=0.2)
    return module.eval()


def trace(module: nn.Module, *inputs, gradients=False):
    with torch.set_grad_enabled(gradients):
        return torch.jit.trace(module, inputs, check_trace=False)


def add_encoders(zoo: Zoo, ids: Tensor) -> None:
    fused = "fused"
    model = make(Encoder)
    zoo.add("encoder-traced", trace(model, ids), encoder_truth(model), fused)
    zoo.add("encoder-traced-gradients", trace(model, ids, gradients=True), encoder_truth(model), "any")
    zoo.add("encoder-scripted", torch.jit.script(model), encoder_truth(model), "any")
    model = make(Encoder, norm_first=True, activation="gelu")
    zoo.add("encoder-norm-first-gelu", trace(model, ids), encoder_truth(model, True, gelu), fused)
    model = make(PaddedEncoder)
    zoo.add("encoder-padded", trace(model, ids), encoder_truth(model), fused)
    hidden = torch.tensor(PADDED) == 0
    bias = torch.zeros(1, len(PADDED), dtype=torch.float64).masked_fill(hidden[None], -math.inf)
    layers = encoder_truth(model, bias=bias, ids=PADDED)
    zoo.add_inputs("encoder-padded", "with-padding", layers, fused, PADDED)
    zoo.add("encoder-padded-scripted", torch.jit.script(model), layers, fused, PADDED)
    model = make(MaskedEncoder)
    away = torch.arange(7)[:, None] - torch.arange(7)[None, :]
    bias = torch.zeros(7, 7, dtype=torch.float64).masked_fill((away < 0) | (away > 3), -math.inf)
    zoo.add("encoder-masked", trace(model, ids), encoder_truth(model, bias=bias), "any")


def add_attention(zoo: Zoo, ids: Tensor) -> None:
    for average in (False, True):
        model = make(AttentionOnly, average=average)
        name = "attention-average" if average else "attention-heads"
        zoo.add(name, trace(model, ids), attention_only_truth(model), "any")
    model = make(AttentionOnly, average=True, need_weights=False)

    class First(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, input_ids: Tensor):
            return self.inner(input_ids)[0]

    zoo.add("attention-no-weights", trace(First().eval(), ids), attention_only_truth(model), "any")


def add_decoders(zoo: Zoo, ids: Tensor) -> None:
    model = make(Gpt, sdpa=False)
    zoo.add("gpt-traced", trace(model, ids), gpt_truth(model), "softmax")
    zoo.add("gpt-scripted", torch.jit.script(model), gpt_truth(model), "softmax")
    zoo.add("gpt-frozen", torch.jit.freeze(torch.jit.script(model)), gpt_truth(model), "softmax")
    if IS_2:
        model = make(Gpt, sdpa=True)
        zoo.add("gpt-sdpa-traced", trace(model, ids), gpt_truth(model), "sdpa")
        zoo.add("gpt-sdpa-scripted", torch.jit.script(model), gpt_truth(model), "sdpa")
    model = make(Llama)
    zoo.add("llama-traced", trace(model, ids, torch.ones_like(ids)), llama_truth(model), "sdpa" if IS_2 else "softmax")
    for dtype in (torch.bfloat16, torch.float16):
        model = make(Gpt, sdpa=False).to(dtype)
        zoo.add(f"gpt-{str(dtype)[6:]}", torch.jit.script(model), gpt_truth(model), "softmax")


def add_others(zoo: Zoo, ids: Tensor, target: Tensor) -> None:
    model = make(Bert)
    zoo.add("bert-traced", trace(model, ids, torch.ones_like(ids), torch.zeros_like(ids)), bert_truth(model), "softmax")
    model = make(Translator)
    zoo.add("transformer-traced", trace(model, ids, target), translator_truth(model), "any", SOURCE, TARGET)
    zoo.add("transformer-scripted", torch.jit.script(model), translator_truth(model), "any", SOURCE, TARGET)
    model = make(Halves)
    zoo.add("halves-scripted", torch.jit.script(model), translator_truth(model), "any", SOURCE, TARGET)
    model = make(T5)
    zoo.add("t5-scripted", torch.jit.script(model), t5_truth(model), "softmax", SOURCE, TARGET)
    model = make(Vision)
    pictures = torch.tensor([VISION_SOURCE])
    zoo.add("vit-traced", trace(model, pictures), vision_truth(model), "any", VISION_SOURCE)
    zoo.add("vit-scripted", torch.jit.script(model), vision_truth(model), "any", VISION_SOURCE)
    if not IS_2:
        torch.jit.save(trace(make(FixedLength), ids), str(zoo.folder / f"refused-fixed-length-{VERSION}.pt"))
        pack(zoo.folder / f"refused-fixed-length-{VERSION}.pt")


def add_refused(folder: Path) -> None:
    """Files that are no TorchScript, and a model with an operator that no libtorch has."""
    state = {"weight": torch.ones(2)}
    torch.save(state, str(folder / "refused-state-dict.pt"))
    torch.save(state, str(folder / "refused-legacy-pickle.pt"), _use_new_zipfile_serialization=False)
    library = torch.library.Library("zoo", "DEF")
    library.define("magic(Tensor x) -> Tensor")
    library.impl("magic", lambda x: x + 1, "CompositeExplicitAutograd")

    class Magic(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.ops.zoo.magic(x)

    torch.jit.save(torch.jit.trace(Magic(), torch.ones(2)), str(folder / "refused-unknown-operator.pt"))
    pack(folder / "refused-unknown-operator.pt")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    ids, target = torch.tensor([SOURCE]), torch.tensor([TARGET])
    zoo = Zoo(folder)
    add_encoders(zoo, ids)
    add_attention(zoo, ids)
    add_decoders(zoo, ids)
    add_others(zoo, ids, target)
    zoo.finish()
    if not IS_2:
        add_refused(folder)


if __name__ == "__main__":
    main()
