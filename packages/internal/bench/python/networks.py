"""The networks, with weights and images that depend on nothing but their names. Needs torch and numpy."""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

sys.path.append(str(Path(__file__).parents[2] / "testing/golden"))
from golden_numbers import golden_weight, uniform  # noqa: E402


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


class AlexNet2012(nn.Module):
    """Krizhevsky, Sutskever and Hinton (2012): two groups, and local response normalization."""

    def __init__(self):
        super().__init__()
        # torchvision divides alpha by the size, the paper does not.
        lrn = lambda: nn.LocalResponseNorm(5, 5e-4, 0.75, 2)
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, 4),
            nn.ReLU(inplace=True),
            lrn(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, padding=2, groups=2),
            nn.ReLU(inplace=True),
            lrn(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        layers = [nn.Linear(9216, 4096), nn.ReLU(inplace=True), nn.Identity()]
        layers += [nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Identity(), nn.Linear(4096, 1000)]
        self.classifier = nn.Sequential(*layers)

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


def cifar_resnet20():
    from training_golden import CifarResNet20

    return CifarResNet20()


def from_torchvision(name, **options):
    """A network of torchvision with random weights, the heads of its training included, without dropout."""
    import torchvision

    return getattr(torchvision.models, name)(**options)


NETWORKS = {
    "lenet5": (LeNet5, (1, 32, 32), 10),
    "resnet18": (lambda: ResNet([2, 2, 2, 2], False), (3, 224, 224), 1000),
    "resnet50": (lambda: ResNet([3, 4, 6, 3], True), (3, 224, 224), 1000),
    "vgg16": (lambda: from_torchvision("vgg16", dropout=0.0), (3, 224, 224), 1000),
    "googlenet": (
        lambda: from_torchvision("googlenet", init_weights=False, dropout=0.0, dropout_aux=0.0),
        (3, 224, 224),
        1000,
    ),
    "inception_v3": (lambda: from_torchvision("inception_v3", init_weights=False, dropout=0.0), (3, 299, 299), 1000),
    "alexnet_paper": (AlexNet2012, (3, 227, 227), 1000),
    "cifar_resnet20": (cifar_resnet20, (3, 32, 32), 10),
}


def build(name):
    """A network with golden weights, and the shape of its images and its classes."""
    make, shape, classes = NETWORKS[name]
    model = make()
    model.load_state_dict(
        {
            key: value if key.endswith("num_batches_tracked") else torch.from_numpy(golden_weight(key, tuple(value.shape)))
            for key, value in model.state_dict().items()
        }
    )
    return model, shape, classes


def images(batch_size, shape):
    return torch.from_numpy(uniform("input", (batch_size, *shape)))
