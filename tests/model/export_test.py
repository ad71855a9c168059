"""Tries examples/export_huggingface.py with stand-ins for transformers: arguments, wrappers, tracing, files."""

import json
import sys
import tempfile
import types
import unittest
from pathlib import Path

import torch
from torch import nn

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))
import export_huggingface as export  # noqa: E402


class Config(types.SimpleNamespace):
    def save_pretrained(self, folder: str) -> None:
        (Path(folder) / "config.json").write_text(json.dumps(vars(self)))


class Standin(nn.Module):
    """Takes the arguments of transformers' models and returns a tuple with logits first."""

    def __init__(self, config: Config, fixed: bool = False) -> None:
        super().__init__()
        self.config = config
        self.table = nn.Embedding(32, 8)
        self.fixed = fixed

    def forward(self, input_ids, attention_mask=None, decoder_input_ids=None, use_cache=None, return_dict=None):
        assert return_dict is False
        x = self.table(input_ids)
        if attention_mask is not None:
            x = x * attention_mask[..., None]
        y = x if decoder_input_ids is None else self.table(decoder_input_ids)
        if self.fixed:
            y = y.view(1, int(y.shape[1]), 8)
        weights = torch.softmax(y @ x.transpose(1, 2), -1)
        return (weights @ x @ self.table.weight.t(), weights)


class Tokenizer:
    def __call__(self, text: str, return_tensors: str) -> dict:
        assert return_tensors == "pt"
        return {"input_ids": torch.arange(1, 11)[None]}

    def save_pretrained(self, folder: str) -> None:
        (Path(folder) / "tokenizer.json").write_text("{}")


def install_standin(config: Config, fixed: bool = False) -> None:
    """Puts a module `transformers` in place that gives the stand-ins out."""

    def pretrained(result):
        return types.SimpleNamespace(from_pretrained=lambda name, **options: result)

    model = pretrained(Standin(config, fixed))
    sys.modules["transformers"] = types.SimpleNamespace(
        AutoConfig=pretrained(config),
        AutoModel=model,
        AutoModelForCausalLM=model,
        AutoModelForSeq2SeqLM=model,
        AutoTokenizer=pretrained(Tokenizer()),
    )


class Export(unittest.TestCase):
    def run_export(self, config: Config, *options: str, fixed: bool = False) -> Path:
        install_standin(config, fixed)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        export.main(["checkpoint", folder.name, *options])
        return Path(folder.name)

    def test_each_task_is_written_with_its_arguments(self) -> None:
        cases = {
            "encoder": (Config(architectures=["BertModel"]), ["input_ids", "attention_mask"]),
            "causal-lm": (Config(architectures=["GPT2LMHeadModel"], eos_token_id=2, n_positions=64), ["input_ids"]),
            "seq2seq": (
                Config(is_encoder_decoder=True, decoder_start_token_id=0, eos_token_id=[1, 2]),
                ["input_ids", "attention_mask", "decoder_input_ids"],
            ),
        }
        for task, (config, arguments) in cases.items():
            folder = self.run_export(config)
            told = json.loads((folder / "attnviz.json").read_text())
            self.assertEqual(told["task"], task)
            self.assertEqual(told["schema"], "attnviz.model/1")
            module = torch.jit.load(str(folder / "model.pt"))
            names = [argument.name for argument in module.forward.schema.arguments[1:]]
            self.assertEqual(names, arguments)
            self.assertTrue((folder / "tokenizer.json").exists())
            self.assertTrue((folder / "config.json").exists())

    def test_special_ids_and_lengths_are_told(self) -> None:
        config = Config(model_type="roberta", pad_token_id=1, eos_token_id=2, max_position_embeddings=514)
        told = export.description("encoder", config)
        self.assertEqual((told["pad"], told["eos"], told["max_length"]), (1, 2, 512))

    def test_the_task_can_be_chosen(self) -> None:
        folder = self.run_export(Config(architectures=["Other"]), "--task", "causal-lm")
        self.assertEqual(json.loads((folder / "attnviz.json").read_text())["task"], "causal-lm")

    def test_a_trace_that_keeps_its_length_is_refused(self) -> None:
        with self.assertRaises(SystemExit) as raised:
            self.run_export(Config(architectures=["GPT2LMHeadModel"]), fixed=True)
        self.assertIn("one length only", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
