"""The same network in PyTorch: writes its weights, an image and its logits into src/golden.safetensors, for the test.

    pip install numpy safetensors torch torchvision
    python golden/golden.py
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models.resnet import BasicBlock


def block(inputs, outputs, stride):
    """The layer paths are those of torchvision's ResNets: layer2.0.conv1, layer2.0.downsample.0."""
    shortcut = None
    if stride != 1 or inputs != outputs:
        shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
    return nn.Sequential(BasicBlock(inputs, outputs, stride, shortcut))


class Network(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = block(8, 8, 1)
        self.layer2 = block(8, 16, 2)
        self.fc = nn.Linear(16, classes)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer2(self.layer1(x))
        return self.fc(x.mean((2, 3)))


torch.manual_seed(1)
network = Network().eval()
# Values that differ, so that a test notices where one is taken for another.
for module in network.modules():
    if isinstance(module, nn.BatchNorm2d):
        for values in (module.weight.data, module.bias.data, module.running_mean, module.running_var):
            values.uniform_(0.5, 1.5)
images = torch.rand(1, 3, 32, 32)
with torch.no_grad():
    logits = network(images)
weights = {key: value for key, value in network.state_dict().items() if not key.endswith("num_batches_tracked")}
file = Path(__file__).parent.parent / "src" / "golden.safetensors"
save_file({**weights, "golden.images": images, "golden.logits": logits}, file)
print(f"{file}: {sum(value.numel() for value in network.parameters())} parameters")
