"""Checkpoints as cnnzoo's `train` writes and reads them: whoever trains next, here or in JavaScript, takes the newest of the folder."""

import hashlib
import json
import os
import re
import shutil
import socket
import threading
import uuid
from pathlib import Path

import torch
from safetensors.torch import load, save

from recipe import FLATTENED

NAME = re.compile(r"step-\d{8,}(-\d+)?")
HEARTBEAT = 30  # seconds; cnnzoo takes an owner on another machine for gone after ten times as long


def weights_of(network):
    """The state dict without PyTorch's counts of batches, which cnnzoo's networks do not have."""
    return {
        key: value.detach().cpu().contiguous()
        for key, value in network.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }


def load_weights(network, weights):
    """Strictly: neither a key too many nor one too few, but for the counts of batches."""
    counts = {key: value for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
    network.load_state_dict({**counts, **weights}, strict=True)


def to_tfjs(key, tensor):
    """PyTorch's [outputs, inputs, ...] as TensorFlow.js's [..., inputs, outputs]: what an optimizer remembers has the layout of its weight."""
    positions = FLATTENED.get(key, 1)
    if tensor.dim() == 1:
        return tensor.reshape(-1, positions).t().reshape(-1)
    if tensor.dim() == 2:
        outputs = tensor.shape[0]
        return tensor.reshape(outputs, -1, positions).permute(2, 1, 0).reshape(-1, outputs)
    return tensor.permute(*range(2, tensor.dim()), 1, 0)


def from_tfjs(key, tensor):
    positions = FLATTENED.get(key, 1)
    if tensor.dim() == 1:
        return tensor.reshape(positions, -1).t().reshape(-1)
    if tensor.dim() == 2:
        outputs = tensor.shape[1]
        return tensor.reshape(positions, -1, outputs).permute(2, 1, 0).reshape(outputs, -1)
    return tensor.permute(-1, -2, *range(tensor.dim() - 2))


def optimizer_state(network, optimizer):
    """What the optimizer remembers, as `conv1.weight.momentum_buffer`."""
    return {
        f"{key}.{slot}": to_tfjs(key, value).detach().cpu().contiguous()
        for key, parameter in network.named_parameters()
        for slot, value in optimizer.state[parameter].items()
        if torch.is_tensor(value) and slot != "step"
    }


def load_optimizer_state(network, optimizer, state, iterations):
    left = dict(state)
    for key, parameter in network.named_parameters():
        slots = {name[len(key) + 1 :]: left.pop(name) for name in list(left) if name.rpartition(".")[0] == key}
        if slots:
            values = {slot: from_tfjs(key, value).contiguous().to(parameter) for slot, value in slots.items()}
            optimizer.state[parameter].update(step=torch.tensor(float(iterations)), **values)
    if left:
        raise ValueError(f"the optimizer's state is of parameters that the network has not: {', '.join(left)}")


def write_synced(path, content):
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_checkpoint(folder, training, weights, slots, average=None):
    """Writes to another name and renames, so that the checkpoint is there as a whole or not at all."""
    files = {"model.safetensors": save(weights, {"format": "pt"}), "optimizer.safetensors": save(slots)}
    if average is not None:
        files["average.safetensors"] = save(average, {"format": "pt"})
    training = {"format": "cnnzoo-training-2", **training, "otherWeights": [] if average is None else ["average"]}
    files["training.json"] = (json.dumps(training, indent=2, allow_nan=False) + "\n").encode()
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    folder = Path(folder)
    name, number = f"step-{training['progress']['step']:08d}", 1
    while (folder / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    target = folder / (name if number == 1 else f"{name}-{number}")
    part = folder / f"{target.name}.part"
    part.mkdir(parents=True)
    for file, content in {**files, "SHA256SUMS": sums.encode()}.items():
        write_synced(part / file, content)
    part.rename(target)
    return target


def read_checkpoint(folder):
    """training.json, and the weights, the optimizer's state and the average of the weights (or None)."""
    files = {}
    for line in (Path(folder) / "SHA256SUMS").read_text().splitlines():
        expected, name = line.split()
        content = (Path(folder) / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != expected:
            raise ValueError(f"{Path(folder) / name} is damaged: its SHA-256 is not the one in SHA256SUMS")
        files[name] = content
    training = json.loads(files["training.json"])
    if training["format"] != "cnnzoo-training-2":
        raise ValueError(f"{folder} is of format {training['format']}, this program reads cnnzoo-training-2")
    others = {name: load(files[f"{name}.safetensors"]) for name in training["otherWeights"]}
    return training, load(files["model.safetensors"]), load(files["optimizer.safetensors"]), others.get("average")


def newest_checkpoint(folder):
    """The last one that cnnzoo's list does not have, else the last of its list."""
    folder = Path(folder)
    if not folder.is_dir():
        return None
    there = [path.name for path in folder.iterdir() if NAME.fullmatch(path.name)]
    there.sort(key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
    index = folder / "checkpoints.json"
    listed = json.loads(index.read_text()) if index.exists() else {"checkpoints": [], "removed": []}
    known = [name for name in listed["checkpoints"] if name in there]
    others = [name for name in there if name not in known and name not in listed["removed"]]
    names = known + others
    return folder / names[-1] if names else None


def remove_checkpoint(folder):
    shutil.rmtree(folder, ignore_errors=True)


class Owner:
    """Says to cnnzoo, and to other runs of this program, that this process trains into the folder, as cnnzoo's own runs do."""

    def __init__(self, folder):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"owner-{uuid.uuid4()}.json"
        self.claim = {"host": socket.gethostname(), "pid": os.getpid(), "started": started(os.getpid())}
        self.write("looking")
        for path in folder.glob("owner-*.json"):
            if path != self.path and self.lives(path):
                self.path.unlink()
                raise SystemExit(f"{folder} is being trained into by another process: {path.read_text().strip()}")
        self.write("owner")
        self.ended = threading.Event()
        threading.Thread(target=self.beat, daemon=True).start()

    def write(self, state):
        part = self.path.with_suffix(".json.part")
        part.write_text(json.dumps({**self.claim, "state": state}) + "\n")
        part.replace(self.path)

    def lives(self, path):
        try:
            claim = json.loads(path.read_text())
            if claim["host"] != self.claim["host"]:
                return abs(self.path.stat().st_mtime - path.stat().st_mtime) < 10 * HEARTBEAT
            os.kill(claim["pid"], 0)
            return claim["started"] == started(claim["pid"])
        except PermissionError:
            return True
        except (OSError, ValueError, KeyError):
            return False

    def beat(self):
        while not self.ended.wait(HEARTBEAT):
            os.utime(self.path)

    def release(self):
        self.ended.set()
        self.path.unlink(missing_ok=True)


def started(pid):
    """Field 22 of Linux's /proc/PID/stat, by which a process is told from a later one of the same id. None elsewhere."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
