"""Writes a network of torchvision as torch.onnx exports it: `export_onnx.py NETWORK BATCH_SIZE FILE`. Prints its parameters."""

import sys

import torch
import torchvision
from networks import NETWORKS, build, from_torchvision, images

network, batch_size, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if network.startswith("resnet"):
    NETWORKS[network] = (lambda: from_torchvision(network), *NETWORKS[network][1:])
model, shape, _ = build(network)
torch.onnx.export(
    model.eval(), images(batch_size, shape), path, opset_version=13, input_names=["input"], output_names=["output"]
)
print(sum(value.numel() for value in model.parameters()), f"torchvision {torchvision.__version__}")
