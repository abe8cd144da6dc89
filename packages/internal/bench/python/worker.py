"""The process of PyTorch: `worker.py THREADS VARIANT`, which is eager, channels-last or compile. Speaks the protocol of ../src/protocol.ts: one JSON object a line.

Network, weights, images and step are those of ../src/worker, so the losses are the same. Needs torch, numpy and, for
networks that are not written out here, torchvision.
"""

import json
import re
import resource
import sys
import time

# Standard output is for replies. What libraries print goes to standard error.
replies = sys.stdout
sys.stdout = sys.stderr

import torch
from networks import build, images
from torch.nn import functional as F


def reply(message):
    replies.write(json.dumps(message) + "\n")
    replies.flush()


def loader(folder, batch_size):
    from torchvision import datasets, transforms

    transform = transforms.Compose([
        transforms.RandomCrop(32, padding=4),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize([0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]),
    ])
    dataset = datasets.ImageFolder(folder, transform)
    # Workers that stay from epoch to epoch are the fastest way.
    options = {"num_workers": 2, "persistent_workers": True, "drop_last": True}
    return torch.utils.data.DataLoader(dataset, batch_size, shuffle=True, **options)


class Session:
    def __init__(self, work):
        self.model, shape, classes = build(work["network"])
        batch_size = work["batchSize"]
        self.images = images(batch_size, shape)
        if variant == "channels-last":
            self.model = self.model.to(memory_format=torch.channels_last)
            self.images = self.images.contiguous(memory_format=torch.channels_last)
        self.forward = torch.compile(self.model) if variant == "compile" else self.model
        self.labels = torch.arange(batch_size) % classes
        self.partial = work.get("partialBatch")
        self.steps = 0
        if work["mode"] != "predict":
            self.model.train()
            self.optimizer = torch.optim.SGD(self.model.parameters(), lr=work["learningRate"], momentum=0.9)
            self.step = self.train if work["mode"] == "train" else self.epoch
        else:
            self.model.eval()
            self.step = self.predict
        if work["mode"] == "epoch":
            self.loader = loader(work["folder"], batch_size)
        if work.get("trained") == "head":
            for name, value in self.model.named_parameters():
                value.requires_grad_(name.startswith("fc."))
            # Frozen layers normalize as in prediction.
            self.model.eval()
        self.parameters = sum(value.numel() for value in self.model.parameters())

    def train(self):
        self.steps += 1
        partial = self.partial and self.steps % self.partial["every"] == 0
        size = self.partial["size"] if partial else len(self.images)
        return self.train_on(self.images[:size], self.labels[:size])

    def epoch(self):
        losses = []
        for images, labels in self.loader:
            if variant == "channels-last":
                images = images.contiguous(memory_format=torch.channels_last)
            losses.append(self.train_on(images, labels))
        return sum(losses) / len(losses)

    def train_on(self, images, labels):
        self.optimizer.zero_grad()
        output = self.forward(images)
        if isinstance(output, torch.Tensor):
            loss = F.cross_entropy(output, labels)
        else:
            # The heads' losses count for 0.3 each. torchvision lists GoogLeNet's second head before the first.
            main, *heads = output
            loss = F.cross_entropy(main, labels) + 0.3 * sum(F.cross_entropy(head, labels) for head in heads)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def predict(self):
        with torch.inference_mode():
            return self.forward(self.images)[0, 0].item()

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
        "version": f"PyTorch {torch.__version__}{'' if variant == 'eager' else f' {variant}'}",
        "threads": torch.get_num_threads(),
        "notes": [
            f"oneDNN {mkldnn.group(1) if mkldnn else ''} on" if on else "without oneDNN",
            f"BLAS: {blas.group(1) if blas else 'unknown'}",
        ],
    }


torch.set_num_threads(int(sys.argv[1]))
variant = sys.argv[2]
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
