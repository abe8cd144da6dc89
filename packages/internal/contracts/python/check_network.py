"""Loads each folder's generated network strictly and compares its logits: a folder a line, and back the largest deviation or an error."""

import importlib.util
import json
import sys

import torch
from safetensors.torch import load_file

for line in sys.stdin:
    folder = line.strip()
    try:
        spec = importlib.util.spec_from_file_location("network", f"{folder}/network.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        network = module.Network()
        network.load_state_dict(load_file(f"{folder}/weights.safetensors"), strict=True)
        data = load_file(f"{folder}/data.safetensors")
        with torch.no_grad():
            logits = network.eval()(data["images"].permute(0, 3, 1, 2))
        off = (logits - data["logits"]).abs().max() / data["logits"].abs().max()
        print(json.dumps({"off": float(off), "error": None}), flush=True)
    except Exception as error:  # said by the caller
        print(json.dumps({"off": None, "error": repr(error)[:500]}), flush=True)
