"""Makes resnet18-logits.json: torchvision's ResNet-18 on a 32x32 picture. Run: python3 resnet18_logits.py > resnet18-logits.json

Weights and the picture are the reproducible numbers of @cnnzoo/testing."""
import json
import zlib

import numpy as np
import torch
import torchvision


def uniform(name, shape):
    n = int(np.prod(shape))
    x = (np.arange(n, dtype=np.uint64) + zlib.crc32(name.encode())) & 0xFFFFFFFF
    x ^= x >> np.uint64(16)
    x = (x * 0x7FEB352D) & 0xFFFFFFFF
    x ^= x >> np.uint64(15)
    x = (x * 0x846CA68B) & 0xFFFFFFFF
    x ^= x >> np.uint64(16)
    return (x.astype(np.float64) / 2**31 - 1).astype(np.float32).reshape(shape)


def weight(name, shape):
    u = uniform(name, shape)
    if len(shape) >= 2:
        return u * np.float32(np.sqrt(6 / np.prod(shape[1:])))
    if name.endswith('running_var'):
        return 1 + 0.5 * np.abs(u)
    if name.endswith('running_mean'):
        return 0.1 * u
    return 1 + 0.1 * u if name.endswith('weight') else 0.1 * u


model = torchvision.models.resnet18(num_classes=10).eval()
for key, value in model.state_dict().items():
    if not key.endswith('num_batches_tracked'):
        value.copy_(torch.from_numpy(np.asarray(weight(key, tuple(value.shape)), dtype=np.float32)))
with torch.no_grad():
    logits = model.double()(torch.from_numpy(uniform('input', (1, 3, 32, 32)).astype(np.float64)))
print(json.dumps([round(float(value), 5) for value in logits[0]]))
