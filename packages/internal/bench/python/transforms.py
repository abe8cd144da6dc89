"""Times Pillow through torchvision, one line of standard input a round: "NAME COUNT" answers milliseconds per image; "loader FOLDER" those of a
DataLoader with two workers, from the first batch on."""
import io
import sys
import time

import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms as T
from torchvision.datasets import ImageFolder
from torchvision.transforms import functional as F

torch.set_num_threads(1)
jpeg = open(sys.argv[1], "rb").read()
image = Image.open(io.BytesIO(jpeg)).convert("RGB")
normalize = T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
training = T.Compose([T.RandomResizedCrop(224), T.RandomHorizontalFlip(), T.ToTensor(), normalize])
evaluation = T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor(), normalize])
jitter = T.ColorJitter(0.4, 0.4, 0.4, 0.1)
small = F.resize(image, [224, 224])
randAugment = T.RandAugment()
tasks = {
    "resize": lambda: F.resize(image, 256),
    "bicubic": lambda: F.resize(image, 256, T.InterpolationMode.BICUBIC),
    "training": lambda: training(Image.open(io.BytesIO(jpeg)).convert("RGB")),
    "evaluation": lambda: evaluation(Image.open(io.BytesIO(jpeg)).convert("RGB")),
    "colorJitter": lambda: jitter(small),
    "randAugment": lambda: randAugment(small),
    "rotate": lambda: F.rotate(small, 15, T.InterpolationMode.BILINEAR),
}
loader = None


def load(folder):
    global loader
    if loader is None:
        dataset = ImageFolder(folder, training)
        loader = DataLoader(dataset, batch_size=32, shuffle=True, num_workers=2, persistent_workers=True)
    count, start = 0, 0.0
    for images, labels in loader:
        if start == 0:
            start = time.perf_counter()
        else:
            count += len(images)
    return (time.perf_counter() - start) * 1000 / count


print(f"Pillow {Image.__version__}, torch {torch.__version__}", flush=True)
for line in sys.stdin:
    name, count = line.split()
    if name == "loader":
        print(load(count), flush=True)
        continue
    start = time.perf_counter()
    for _ in range(int(count)):
        tasks[name]()
    print((time.perf_counter() - start) * 1000 / int(count), flush=True)
