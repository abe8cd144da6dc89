"""Replays a run's first steps in float32 and in float64, and compares them with another engine's: python parity.py FOLDER THREADS

The folder has network.py, recipe.py, weights.safetensors, batches.safetensors (images.0, labels.0, learning_rate.0, ...) and engine.safetensors, the
other engine's weights after the last step. Dropout is off. Prints one line of JSON. Ends when its standard input does."""

import json
import os
import platform
import sys
import threading
from pathlib import Path


def end_with_the_caller():
    """Whoever started this holds the other end: where it is gone, the figures are nobody's."""
    # Not by sys.stdin, whose lock Python wants when it ends.
    while os.read(0, 1):
        pass
    os._exit(1)


# Before PyTorch, whose import takes seconds.
threading.Thread(target=end_with_the_caller, daemon=True).start()

try:
    import torch
    from safetensors import safe_open
    from safetensors.torch import load_file
except ImportError as error:
    print(json.dumps({"missing": error.name}))
    raise SystemExit(3) from None

folder = Path(sys.argv[1])
sys.path.insert(0, str(folder))

import recipe  # noqa: E402
from network import Network  # noqa: E402


def replay(weights, dtype):
    network = Network()
    network.load_state_dict(weights, strict=True)
    network.to(dtype)
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    optimizer = recipe.make_optimizer(network)
    losses, norms = [], []
    network.train()
    with safe_open(folder / "batches.safetensors", "pt") as batches:
        for step in range(len(batches.keys()) // 3):
            for group in optimizer.param_groups:
                group["lr"] = batches.get_tensor(f"learning_rate.{step}").item()
            images = batches.get_tensor(f"images.{step}").permute(0, 3, 1, 2).to(dtype).contiguous()
            labels = batches.get_tensor(f"labels.{step}").long()
            loss = recipe.loss_of(network(images), labels)
            optimizer.zero_grad()
            loss.backward()
            norms.append(recipe.clip_gradients(network))
            optimizer.step()
            losses.append(loss.item())
    return {"losses": losses, "gradientNorms": norms}, network.state_dict()


def deviation(weights, reference):
    """The L2 norm of all weights' difference, relative to theirs, and the tensor that is furthest off by its own norm."""
    off, norm, worst, name = 0.0, 0.0, 0.0, ""
    for key, value in reference.items():
        if key.endswith("num_batches_tracked"):
            continue
        difference = (weights[key].double() - value.double()).norm().item()
        size = value.double().norm().item()
        off, norm = off + difference**2, norm + size**2
        relative = difference / size if size > 0 else difference
        if not relative <= worst:
            worst, name = relative, key
    return {"all": (off / norm) ** 0.5, "worst": worst, "tensor": name}


def main():
    if int(sys.argv[2]) > 0:
        torch.set_num_threads(int(sys.argv[2]))
    weights = load_file(folder / "weights.safetensors")
    single, after_single = replay(weights, torch.float32)
    double, after_double = replay(weights, torch.float64)
    engine = load_file(folder / "engine.safetensors")
    answer = {
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "threads": torch.get_num_threads(),
        "float32": single,
        "float64": double,
        "weights": {
            "engineFromTorch": deviation(engine, after_single),
            "engineFromFloat64": deviation(engine, after_double),
            "torchFromFloat64": deviation(after_single, after_double),
        },
    }
    print(json.dumps(answer), flush=True)


main()
