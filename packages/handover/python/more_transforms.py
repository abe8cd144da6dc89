"""Augmentations of the papers that torchvision does not have."""

import torch
from torch import nn
from torchvision.transforms.v2 import functional as F


class ScaleJitter(nn.Module):
    """Simonyan and Zisserman (2015): the shorter side gets a random length, each as likely."""

    def __init__(self, smallest, largest):
        super().__init__()
        self.smallest, self.largest = smallest, largest

    def forward(self, image):
        return F.resize(image, [int(torch.randint(self.smallest, self.largest + 1, ()))])


class PCALighting(nn.Module):
    """Krizhevsky et al. (2012): adds the principal components of ImageNet's colours, each times its eigenvalue and a random number."""

    VECTORS = torch.tensor([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.814], [-0.5836, -0.6948, 0.4203]])
    VALUES = torch.tensor([0.2175, 0.0188, 0.0045])

    def __init__(self, deviation):
        super().__init__()
        self.deviation = deviation

    def forward(self, image):
        return self.shifted(image, torch.randn(3) * self.deviation)

    def shifted(self, image, alphas):
        shift = 255 * (self.VECTORS * self.VALUES[:, None] * alphas[:, None]).sum(0)
        pixels = F.pil_to_tensor(image).float() + shift[:, None, None]
        return F.to_pil_image((pixels + 0.5).floor().clamp(0, 255).to(torch.uint8))
