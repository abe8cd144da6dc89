"""Replays batches by an exported training step: replay_step.py EXAMPLE FOLDER [threads]. Prints losses, checked operators and the time of each step."""

import json
import sys
import time

sys.path.insert(0, sys.argv[1])
from training_step import TrainingStep, read_safetensors  # noqa: E402

folder = sys.argv[2]
threads = int(sys.argv[3]) if len(sys.argv) > 3 else 0
try:
    import onnx

    model = onnx.load(f"{folder}/step.onnx")
    onnx.checker.check_model(model, full_check=True)
    domains = sorted({node.domain for node in model.graph.node})
except ImportError:
    domains = None
step = TrainingStep(folder, threads)
batches = read_safetensors(f"{folder}/batches.safetensors")
losses, times = [], []
for i in range(len(batches) // 3):
    given = {name: batches[f"{name}.{i}"] for name in ("images", "labels", "learning_rate")}
    start = time.perf_counter()
    losses.append(step.step(**given, seed=i)["loss"])
    times.append(1000 * (time.perf_counter() - start))
step.save(f"{folder}/trained.safetensors")
print(json.dumps({"losses": losses, "milliseconds": times, "domains": domains}))
