"""Makes resnet18-logits.json: torchvision's ResNet-18 on a 32x32 image. Run: python3 resnet18_logits.py > resnet18-logits.json

Weights and the image are the reproducible numbers of @cnnzoo/testing."""
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision

sys.path.append(str(Path(__file__).parents[3] / 'testing/golden'))
from golden_numbers import golden_weight, uniform  # noqa: E402

model = torchvision.models.resnet18(num_classes=10).eval()
for key, value in model.state_dict().items():
    if not key.endswith('num_batches_tracked'):
        value.copy_(torch.from_numpy(np.asarray(golden_weight(key, tuple(value.shape)), dtype=np.float32)))
with torch.no_grad():
    logits = model.double()(torch.from_numpy(uniform('input', (1, 3, 32, 32)).astype(np.float64)))
print(json.dumps([round(float(value), 5) for value in logits[0]]))
