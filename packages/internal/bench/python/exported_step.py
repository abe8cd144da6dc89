"""Times an exported training step: exported_step.py EXAMPLE FOLDER THREADS. Each line of the standard input is a number of seconds; the answer is the
milliseconds of each step in about that time, after one that is not counted."""

import json
import sys
import time

import numpy as np

sys.path.insert(0, sys.argv[1])
from training_step import TrainingStep  # noqa: E402

step = TrainingStep(sys.argv[2], int(sys.argv[3]))
random = np.random.default_rng(1)
inputs = step.manifest["inputs"]
given = {
    "images": random.standard_normal(inputs["images"]["shape"], dtype=np.float32),
    "labels": np.arange(inputs["labels"]["shape"][0]) % 10,
    "learning_rate": 1e-4,
    "seed": 1,
}
for line in sys.stdin:
    times, end = [], None
    while end is None or time.perf_counter() < end:
        start = time.perf_counter()
        step.step(**given)
        if end is None:
            end = time.perf_counter() + float(line)
        else:
            times.append(1000 * (time.perf_counter() - start))
    print(json.dumps(times), flush=True)
