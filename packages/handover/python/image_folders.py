"""Folders of images as cnnzoo reads them: a folder for each class, or such folders under `train` and `val`."""

from pathlib import Path

from PIL import Image
from torchvision.datasets import ImageFolder

import recipe
from order import split

VALIDATION = ("val", "valid", "validation", "test")
# Set aside where there is no folder for validation.
VALIDATION_SHARE = 0.1


def load_image(path):
    with Image.open(path) as image:
        return image.convert("L" if recipe.CHANNELS == 1 else "RGB")


class Transformed:
    """Some images of a folder, with a transform of their own."""

    def __init__(self, samples):
        self.samples, self.transform = samples, None

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        path, label = self.samples[index]
        image = load_image(path)
        return (image if self.transform is None else self.transform(image)), label


def open_images(folder, seed):
    """The images to train on and those to validate on."""
    folder = Path(folder)
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    validation = next((name for name in VALIDATION if name in names), None)
    if "train" in names and all(name in ("train", *VALIDATION) for name in names):
        folder, test = folder / "train", validation and folder / validation
    else:
        test = None
    images = ImageFolder(folder)
    if len(images.classes) != recipe.CLASSES:
        raise SystemExit(f"{folder} has {len(images.classes)} classes, the network has {recipe.CLASSES}")
    samples = images.samples
    if test is None:
        parts = split([label for _, label in samples], recipe.CLASSES, VALIDATION_SHARE, seed)
        return tuple(Transformed([samples[index] for index in part]) for part in parts)
    tests = ImageFolder(test, allow_empty=True)
    labels = [images.class_to_idx[name] for name in tests.classes]
    return Transformed(samples), Transformed([(path, labels[label]) for path, label in tests.samples])
