"""A training step that cnnzoo has exported, in numpy and onnxruntime alone."""

import json
import struct
from pathlib import Path

import numpy as np
import onnxruntime

DTYPES = {"F32": np.float32, "I32": np.int32}


def read_safetensors(path):
    """The arrays of a safetensors file, by name."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    arrays = {}
    for name, tensor in header.items():
        begin, end = (8 + length + offset for offset in tensor["data_offsets"])
        values = np.frombuffer(data[begin:end], dtype=DTYPES[tensor["dtype"]])
        arrays[name] = values.reshape(tensor["shape"])
    return arrays


def write_safetensors(path, arrays):
    names = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
    header, parts, end = {}, [], 0
    for name, array in arrays.items():
        parts.append(np.ascontiguousarray(array).tobytes())
        begin, end = end, end + len(parts[-1])
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


class TrainingStep:
    """Weights, running statistics and optimizer state, and the graph that makes the next ones of them."""

    def __init__(self, folder, threads=0):
        folder = Path(folder)
        self.manifest = json.loads((folder / "manifest.json").read_text())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(folder / self.manifest["model"]), options, providers=["CPUExecutionProvider"]
        )
        # Values of onnxruntime's own, so that the state is never copied between steps.
        state = read_safetensors(folder / self.manifest["state"])
        self.state = {name: onnxruntime.OrtValue.ortvalue_from_numpy(array) for name, array in state.items()}
        self.scalars = self.manifest["outputs"]
        self.carry = [entry for entry in self.manifest["carry"] if entry["output"] is not None]
        self.outputs = self.scalars + [entry["output"] for entry in self.carry]

    def step(self, **given):
        """One update. Give what the manifest calls inputs: images, labels, learning_rate and, with dropout, seed."""
        feeds = dict(self.state)
        for name, about in self.manifest["inputs"].items():
            array = np.ascontiguousarray(given[name], dtype=about["dtype"]).reshape(about["shape"])
            feeds[name] = onnxruntime.OrtValue.ortvalue_from_numpy(array)
        results = self.session.run_with_ort_values(self.outputs, feeds)
        for entry, value in zip(self.carry, results[len(self.scalars) :]):
            self.state[entry["input"]] = value
        return {name: float(value.numpy()) for name, value in zip(self.scalars, results)}

    def save(self, path):
        """Writes the state, for cnnzoo's loadTrainingState and for the next start."""
        write_safetensors(path, {name: value.numpy() for name, value in self.state.items()})
