"""Trains LeNet-5 on MNIST: python train_mnist.py STEP_FOLDER MNIST_FOLDER [EPOCHS]"""

import sys
from pathlib import Path

import numpy as np

from training_step import TrainingStep


def read_idx(path):
    data = Path(path).read_bytes()
    sizes = np.frombuffer(data, ">i4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)


def images_of(folder, name):
    """32 x 32 with a border, as LeNet-5 takes them, and normalized."""
    pixels = read_idx(Path(folder) / f"{name}-images-idx3-ubyte").astype(np.float32) / 255
    pixels = np.pad(pixels, ((0, 0), (2, 2), (2, 2)))
    return ((pixels - 0.1307) / 0.3081)[..., None], read_idx(Path(folder) / f"{name}-labels-idx1-ubyte")


def accuracy_of(step, images, labels):
    """The step itself measures: with a learning rate of 0 the weights stay as they are, and its accuracy is the network's."""
    size = step.manifest["inputs"]["images"]["shape"][0]
    state, correct = dict(step.state), 0
    for start in range(0, len(images) - size + 1, size):
        batch = {"images": images[start : start + size], "labels": labels[start : start + size]}
        correct += size * step.step(**batch, learning_rate=0)["accuracy"]
        step.state = dict(state)
    return correct / (len(images) // size * size)


def main(folder, mnist, epochs=5, peak=0.05):
    step = TrainingStep(folder)
    size = step.manifest["inputs"]["images"]["shape"][0]
    images, labels = images_of(mnist, "train")
    tests = images_of(mnist, "t10k")
    steps = epochs * (len(images) // size)
    random, done = np.random.default_rng(0), 0
    for epoch in range(epochs):
        order, losses = random.permutation(len(images)), []
        for start in range(0, len(images) - size + 1, size):
            chosen = order[start : start + size]
            rate = peak / 2 * (1 + np.cos(np.pi * done / steps))
            losses.append(step.step(images=images[chosen], labels=labels[chosen], learning_rate=rate)["loss"])
            done += 1
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, test accuracy {accuracy_of(step, *tests):.4f}", flush=True)
    step.save(Path(folder) / "trained.safetensors")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
