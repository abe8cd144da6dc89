"""Trains the network as its recipe says, and resumes from the newest checkpoint of a folder, which may be cnnzoo's own.

    python train.py --data FOLDER --checkpoints runs
    torchrun --nproc-per-node 2 train.py --data FOLDER --checkpoints runs

The folder has a folder of images for each class, or such folders under `train` and `val`. Needs torch, torchvision and safetensors. Ctrl-C and
SIGTERM end a run after its step, with a checkpoint."""

import argparse
import math
import os
import signal
import time
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

import recipe
from checkpoint import (
    Owner,
    load_optimizer_state,
    load_weights,
    newest_checkpoint,
    optimizer_state,
    read_checkpoint,
    remove_checkpoint,
    weights_of,
    write_checkpoint,
)
from image_folders import open_images
from images import mix_batch, test_transform, training_transform
from network import Network
from order import Order

NO_SUMS = {"loss": 0.0, "correct": 0, "metrics": {}, "count": 0, "seconds": 0.0}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="the folder of images")
    parser.add_argument("--checkpoints", default="runs", help="the folder of checkpoints, shared with cnnzoo (runs)")
    parser.add_argument("--out", default="trained.safetensors", help="the weights at the end")
    parser.add_argument("--epochs", type=int, default=recipe.EPOCHS)
    parser.add_argument("--batch-size", type=int, default=recipe.BATCH_SIZE, help="images in a step, of all processes")
    parser.add_argument("--seed", type=int, default=0, help="decides the order of the images, as in cnnzoo")
    parser.add_argument("--workers", type=int, default=2, help="processes of each process that load images")
    parser.add_argument("--every-steps", type=int, help="a checkpoint each time after this many steps, too")
    parser.add_argument("--steps", type=int, help="stop after this many steps in all, with a checkpoint")
    return parser.parse_args()


class Processes:
    """One process, or those that torchrun has started."""

    def __init__(self):
        self.count, self.rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
        local = int(os.environ.get("LOCAL_RANK", 0))
        on_gpu = torch.cuda.is_available()
        self.device = torch.device("cuda", local) if on_gpu else torch.device("cpu")
        if on_gpu:
            torch.cuda.set_device(self.device)
        if self.count > 1:
            dist.init_process_group("nccl" if on_gpu else "gloo")

    def sum(self, *values):
        """Each value added up over the processes."""
        if self.count == 1:
            return values
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return total.tolist()

    def wait(self):
        if self.count > 1:
            dist.barrier()

    def end(self):
        if self.count > 1:
            dist.destroy_process_group()


class Average:
    """An exponential moving average of weights and running statistics, which forgets fast at the beginning."""

    def __init__(self, network, values=None):
        self.network = network
        self.values = {key: value.clone() for key, value in (values or self.weights()).items()}

    def weights(self):
        return {key: value for key, value in self.network.state_dict().items() if value.is_floating_point()}

    def update(self, step):
        decay = min(recipe.AVERAGE_DECAY, (1 + step) / (10 + step))
        for key, value in self.weights().items():
            self.values[key] = self.values[key].to(value.device).mul_(decay).add_(value, alpha=1 - decay)

    def swap(self):
        weights = {key: value.clone() for key, value in self.weights().items()}
        load_weights(self.network, self.values)
        self.values = weights


class Training:
    def __init__(self, arguments):
        self.arguments, self.processes = arguments, Processes()
        if arguments.batch_size % self.processes.count != 0:
            raise SystemExit(f"--batch-size {arguments.batch_size} must be a multiple of {self.processes.count} processes")
        self.local_batch = arguments.batch_size // self.processes.count
        training, self.test = open_images(arguments.data, arguments.seed)
        training.transform, self.test.transform = training_transform, test_transform
        self.order = Order(training, arguments.batch_size, arguments.seed, self.processes.rank, self.processes.count)
        self.loader = self.load(training, self.order)
        self.batches = math.ceil(len(training) / arguments.batch_size)
        self.network = Network().to(self.processes.device)
        load_weights(self.network, load_file(Path(__file__).with_name("weights.safetensors")))
        self.optimizer = recipe.make_optimizer(self.network)
        self.start()
        self.parallel = self.network if self.processes.count == 1 else DistributedDataParallel(self.network)
        self.stopped = False
        self.written = []
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self.stop)

    def load(self, dataset, sampler):
        workers = self.arguments.workers
        return DataLoader(dataset, self.local_batch, sampler=sampler, num_workers=workers)

    def start(self):
        """From the newest checkpoint, or from the beginning."""
        folder, average = newest_checkpoint(self.arguments.checkpoints), None
        if folder is None:
            self.random, self.drawn_at = recipe.RANDOM, 0
            self.run = {**recipe.RUN, "seed": self.arguments.seed, "batchSize": self.arguments.batch_size}
            self.progress = {"step": 0, "epoch": 0, "batch": 0, "learningRate": 0.0, "sums": NO_SUMS, "history": []}
        else:
            training, weights, slots, average = read_checkpoint(folder)
            self.progress, self.run, self.random = training["progress"], training["run"], training["random"]
            self.drawn_at = self.progress["step"]
            self.check_run(folder)
            load_weights(self.network, weights)
            load_optimizer_state(self.network, self.optimizer, slots, training["optimizer"]["iterations"])
            self.say(f"resumed from {folder}")
        self.progress["batchesPerEpoch"] = self.batches
        self.average = None if recipe.AVERAGE_DECAY is None else Average(self.network, average)

    def check_run(self, folder):
        was, given = self.run, self.arguments
        for name, before, now in (
            ("--seed", was.get("seed", given.seed), given.seed),
            ("--batch-size", was["batchSize"], given.batch_size),
            ("the optimizer", was["optimizer"], recipe.RUN["optimizer"]),
            ("the learning rate", was["learningRate"], recipe.RUN["learningRate"]),
            ("the batches of an epoch", self.progress["batchesPerEpoch"], self.batches),
        ):
            if before != now:
                raise SystemExit(f"{folder} is of another run: {name} is {now}, was {before}")

    def stop(self, *_):
        self.stopped = True

    def say(self, text):
        if self.processes.rank == 0:
            print(text, flush=True)

    def save(self):
        if self.processes.rank == 0:
            steps = self.progress["step"] - self.drawn_at
            training = {
                "optimizer": {"className": recipe.OPTIMIZER, "iterations": self.progress["step"]},
                "random": {
                    name: {**state, "drawn": state["drawn"] + steps} for name, state in self.random.items()
                },
                "run": self.run,
                "progress": self.progress,
            }
            averages = None
            if self.average is not None:
                averages = {key: value.cpu().contiguous() for key, value in self.average.values.items()}
            slots = optimizer_state(self.network, self.optimizer)
            path = write_checkpoint(self.arguments.checkpoints, training, weights_of(self.network), slots, averages)
            self.say(f"checkpoint {path}")
            self.written.append(path)
            if len(self.written) > 2:
                remove_checkpoint(self.written.pop(0))
        self.processes.wait()

    def must_stop(self):
        """Whether any of the processes was told to stop: all do so after the same step."""
        (stopped,) = self.processes.sum(int(self.stopped))
        return stopped > 0 or self.progress["step"] == self.arguments.steps

    def train_step(self, images, labels):
        progress, device = self.progress, self.processes.device
        began = time.perf_counter()
        images, labels = images.to(device), labels.to(device)
        if mix_batch is not None:
            images, labels = mix_batch(images, labels)
        position = (
            progress["step"],
            progress["epoch"],
            self.arguments.epochs * self.batches,
            self.arguments.epochs,
            progress["history"],
        )
        rate = recipe.LEARNING_RATE * recipe.schedule(*position)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        outputs = self.parallel(images)
        loss = recipe.loss_of(outputs, labels, recipe.auxiliary_schedule(*position))
        self.optimizer.zero_grad()
        # DDP takes the mean of the processes' gradients: one with more images of the last batch counts for more.
        (count,) = self.processes.sum(len(images))
        (loss * (len(images) * self.processes.count / count)).backward()
        norm = recipe.clip_gradients(self.network)
        self.optimizer.step()
        step = progress["step"] + 1
        if self.average is not None:
            self.average.update(step)
        logits = outputs[0] if isinstance(outputs, tuple) else outputs
        classes = labels if labels.dim() == 1 else labels.argmax(1)
        correct = (logits.argmax(1) == classes).sum().item()
        loss_sum, correct = self.processes.sum(loss.item() * len(images), correct)
        if not math.isfinite(loss_sum) or not math.isfinite(norm):
            raise SystemExit(f"step {step}: the loss or a gradient is not finite; the last checkpoint is as it was")
        sums = progress["sums"]
        self.progress = {
            **progress,
            "step": step,
            "batch": progress["batch"] + 1,
            "learningRate": rate,
            "sums": {
                "loss": sums["loss"] + loss_sum,
                "correct": sums["correct"] + int(correct),
                "metrics": {},
                "count": sums["count"] + int(count),
                "seconds": sums["seconds"] + time.perf_counter() - began,
            },
        }
        self.say(f"step {step}: loss {loss_sum / count:.6f}, gradient norm {norm:.6f}, learning rate {rate:g}")

    def train_epoch(self):
        """Whether the epoch has come to its end."""
        epoch, batch = self.progress["epoch"], self.progress["batch"]
        # What dropout and the transforms draw depends on the place of the run alone.
        torch.manual_seed(((self.arguments.seed * 10_007 + epoch) * 100_003 + batch) * 1009 + self.processes.rank)
        self.order.begin(epoch, batch)
        self.parallel.train()
        for images, labels in self.loader:
            self.train_step(images, labels)
            if self.must_stop():
                return self.progress["batch"] == self.batches
            every = self.arguments.every_steps
            if every is not None and self.progress["step"] % every == 0 and self.progress["batch"] < self.batches:
                self.save()
        return True

    @torch.no_grad()
    def validate(self):
        """Loss and accuracy on the test images, which the processes share."""
        self.network.eval()
        if self.average is not None:
            self.average.swap()
        loss, correct, count = 0.0, 0, 0
        shares = range(self.processes.rank, len(self.test), self.processes.count)
        for images, labels in self.load(self.test, list(shares)):
            images, labels = images.to(self.processes.device), labels.to(self.processes.device)
            logits = self.network(images)
            loss += recipe.loss_of(logits, labels).item() * len(images)
            correct += (logits.argmax(1) == labels).sum().item()
            count += len(images)
        if self.average is not None:
            self.average.swap()
        loss, correct, count = self.processes.sum(loss, correct, count)
        return {"loss": loss / count, "accuracy": correct / count, "metrics": {}}

    def end_epoch(self):
        progress = self.progress
        sums, epoch = progress["sums"], progress["epoch"]
        record = {
            "epoch": epoch,
            "step": progress["step"],
            "loss": sums["loss"] / sums["count"],
            "accuracy": sums["correct"] / sums["count"],
            "metrics": {},
            "learningRate": progress["learningRate"],
            "validation": self.validate(),
            "seconds": sums["seconds"],
        }
        history = [*progress["history"], record]
        self.progress = {**progress, "epoch": epoch + 1, "batch": 0, "sums": NO_SUMS, "history": history}
        self.say(f"epoch {epoch + 1}: loss {record['loss']:.6f}, validation {record['validation']}")
        self.save()

    def train(self):
        while self.progress["epoch"] < self.arguments.epochs and not self.must_stop():
            if self.train_epoch():
                self.end_epoch()
            else:
                self.save()
        if self.progress["epoch"] == self.arguments.epochs and self.processes.rank == 0:
            if self.average is not None:
                self.average.swap()
            save_file(weights_of(self.network), self.arguments.out, {"format": "pt"})
            self.say(f"weights {self.arguments.out}")


def main():
    arguments = parse_arguments()
    owner = Owner(arguments.checkpoints) if int(os.environ.get("RANK", 0)) == 0 else None
    training = Training(arguments)
    try:
        training.train()
    finally:
        if owner is not None:
            owner.release()
        training.processes.end()


if __name__ == "__main__":
    main()
