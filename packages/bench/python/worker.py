"""The process of PyTorch: `worker.py THREADS`. Speaks the protocol of ../src/protocol.ts: one JSON object a line.

Network, weights, pictures and step are those of ../src/worker, so the losses are the same. Needs torch and numpy.
"""

import json
import re
import resource
import sys
import time
import zlib

# Standard output is for replies. What libraries print goes to standard error.
replies = sys.stdout
sys.stdout = sys.stderr

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def reply(message):
    replies.write(json.dumps(message) + "\n")
    replies.flush()


def uniform(name, count):
    """`count` floats in [-1, 1) that depend on `name` only (packages/testing/src/golden-numbers.ts)."""
    x = (np.arange(count, dtype=np.uint64) + zlib.crc32(name.encode())).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return (x.astype(np.float64) / 2**31 - 1).astype(np.float32)


def golden_weight(key, shape):
    u = uniform(key, int(np.prod(shape)))
    if len(shape) >= 2:
        u = u * np.float32(np.sqrt(6 / np.prod(shape[1:])))
    elif key.endswith("running_var"):
        u = 1 + 0.5 * np.abs(u)
    elif key.endswith("running_mean") or not key.endswith("weight"):
        u = 0.1 * u
    else:
        u = 1 + 0.1 * u
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        return self.fc3(F.relu(self.fc2(x)))


class Residual(nn.Module):
    """torchvision's BasicBlock and Bottleneck."""

    def __init__(self, inputs, width, stride, bottleneck):
        super().__init__()
        outputs = 4 * width if bottleneck else width
        if bottleneck:
            shapes = [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
        else:
            shapes = [(inputs, width, 3, stride), (width, outputs, 3, 1)]
        self.count = len(shapes)
        for i, (a, b, kernel, s) in enumerate(shapes, 1):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, kernel, s, kernel // 2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(b))
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = x
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.count:
                y = self.relu(y)
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, stages, bottleneck):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = 64
        for stage, count in enumerate(stages):
            width = 64 * 2**stage
            blocks = []
            for block in range(count):
                blocks.append(Residual(channels, width, 2 if block == 0 and stage > 0 else 1, bottleneck))
                channels = 4 * width if bottleneck else width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, 1000)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


NETWORKS = {
    "lenet5": (LeNet5, (1, 32, 32), 10),
    "resnet18": (lambda: ResNet([2, 2, 2, 2], False), (3, 224, 224), 1000),
    "resnet50": (lambda: ResNet([3, 4, 6, 3], True), (3, 224, 224), 1000),
}


class Session:
    def __init__(self, work):
        build, shape, classes = NETWORKS[work["network"]]
        self.model = build()
        self.model.load_state_dict(
            {
                key: value if key.endswith("num_batches_tracked") else golden_weight(key, tuple(value.shape))
                for key, value in self.model.state_dict().items()
            }
        )
        batch_size = work["batchSize"]
        self.images = torch.from_numpy(uniform("input", batch_size * int(np.prod(shape))).reshape(batch_size, *shape))
        self.labels = torch.arange(batch_size) % classes
        self.partial = work.get("partialBatch")
        self.steps = 0
        if work["mode"] == "train":
            self.model.train()
            self.optimizer = torch.optim.SGD(self.model.parameters(), lr=work["learningRate"], momentum=0.9)
            self.step = self.train
        else:
            self.model.eval()
            self.step = self.predict
        self.parameters = sum(value.numel() for value in self.model.parameters())

    def train(self):
        self.steps += 1
        partial = self.partial and self.steps % self.partial["every"] == 0
        size = self.partial["size"] if partial else len(self.images)
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(self.images[:size]), self.labels[:size])
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def predict(self):
        with torch.inference_mode():
            return self.model(self.images)[0, 0].item()

    def run(self, steps):
        times, processor_times, results = [], [], []
        for _ in range(steps):
            start, before = time.perf_counter(), time.process_time()
            results.append(self.step())
            processor_times.append((time.process_time() - before) * 1000)
            times.append((time.perf_counter() - start) * 1000)
        return {"times": times, "processorTimes": processor_times, "results": results}


def status(field):
    """A figure of /proc/self/status in bytes, or None where there is no such file."""
    try:
        with open("/proc/self/status") as file:
            found = re.search(rf"^{field}:\s+(\d+) kB$", file.read(), re.MULTILINE)
    except OSError:
        return None
    return int(found.group(1)) * 1024 if found else None


def inspect():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "residentMemory": status("VmRSS") or peak,
        "peakMemory": status("VmHWM") or peak,
        "tensors": None,
        "compilation": None,
    }


def introduction():
    config = torch.__config__.show()
    mkldnn = re.search(r"MKL-DNN v([\d.]+)", config)
    blas = re.search(r"BLAS_INFO=(\w+)", config)
    on = torch.backends.mkldnn.is_available() and getattr(torch.backends.mkldnn, "enabled", True)
    return {
        "version": f"PyTorch {torch.__version__}",
        "threads": torch.get_num_threads(),
        "notes": [
            f"oneDNN {mkldnn.group(1) if mkldnn else ''} on" if on else "without oneDNN",
            f"BLAS: {blas.group(1) if blas else 'unknown'}",
        ],
    }


torch.set_num_threads(int(sys.argv[1]))
reply(introduction())
session = None
for line in sys.stdin:
    try:
        request = json.loads(line)
        if request["command"] == "prepare":
            session = Session(request["work"])
            reply({"parameters": session.parameters})
        elif request["command"] == "run":
            reply(session.run(request["steps"]))
        else:
            reply(inspect())
    except Exception as error:
        reply({"error": f"{type(error).__name__}: {error}"})
