#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets beside this file: descriptions of models, small zip files, pieces of code."""
import io
import json
import pathlib
import zipfile

CORPUS = pathlib.Path(__file__).parent / "corpus"


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def zipped(entries, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    return file.getvalue()


def main():
    own = {
        "schema": "attnviz.model/1", "task": "seq2seq", "inputs": {"x": "ids", "flag": True, "m": [[1, 0.5]]},
        "logits": "1.scores", "tokenizer": "a.json", "target_tokenizer": "b.json", "bos": 1, "eos": [2, 3], "pad": 0,
        "decoder_start": 7, "max_length": 64,
    }
    foreign = {
        "eos_token_id": [2], "bos_token_id": 1, "pad_token_id": 0, "decoder_start_token_id": 2,
        "is_encoder_decoder": True, "max_position_embeddings": 514, "model_max_length": 1e30,
    }
    texts = [json.dumps(own).encode(), json.dumps(foreign).encode()]
    write("config", "own", texts[0])
    write("config", "foreign", b"\0" + texts[1] + b"\0" + texts[1])
    write("config", "all", texts[0] + b"\0" + texts[1] + b"\0{}")
    write("config", "deep", b'{"inputs": {"x": ' + b"[" * 70)
    write("config", "twice", b'{"eos": 1, "eos": 2}')
    write("config", "numbers", b'{"eos": [18446744073709551615, 1e400, -1, 1.5]}')
    write("config", "escapes", '{"é\\ud834\\udd1e\\u0000": "\\ud800"}'.encode())
    records = [
        ("m/version", b"3\n"), ("m/data.pkl", b"\x80\x02}."), ("m/constants.pkl", b"\x80\x02)."),
        ("m/code/__torch__/a.py", b"def forward(self, x):\n  return torch.add(x, x)\n"), ("m/extra/attnviz.json", b"{}"),
    ]
    write("archive", "stored", zipped(records))
    write("archive", "deflated", zipped(records, zipfile.ZIP_DEFLATED))
    write("archive", "zeros", zipped(records + [("m/data/0", bytes(5000))], zipfile.ZIP_DEFLATED))
    write("archive", "elsewhere", zipped(records + [("../m/x", b"x")]))
    write("archive", "weights", zipped(records[:2]))
    write("archive", "code", b'getattr(torch, "sa" "ve")(x); """x.save("""; # torch.save(\nops.aten.from_file("f")')
    write("archive", "empty", zipped([]))
    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0000X\x03\0\0\0cpuK\x06tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0K\x02K\x03\x86K\x03K\x01\x86\x89}tRq\x01h\x01"
    write("archive", "pickle", b"\x80\x02(]}" + tensor + b"sM\x01\x02a\x8a\x01\xffG12345678NJ1234e.")


main()
