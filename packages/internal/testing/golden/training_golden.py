"""Makes the golden training runs, training/NAME.json: python3 training_golden.py [NAME ...], all of them without a name.

Needs torch and torchvision (made with PyTorch 2.9.1, torchvision 0.24.1) and no weights: they follow from their names, see
golden_numbers.py. Each run is four steps of SGD in float64 on one batch, and is well-conditioned: rates are small, batches
(of 16 images where there is batch norm) and images large enough that rounding to float32 does not grow from step to step. How far PyTorch itself is off in
float32 stands in `float32`, so that a test's bar can be a multiple of it.

Figures: `losses` and `gradient_norms` (L2 over all parameters) of each step; `gradients_step0`, by key: L2 norm, first and last
element, in PyTorch's layout; `running_after_4_steps`, by key: mean and first element; `eval_logits_after_4_steps` of the first
image; `state`, every key and shape. `float32` has the relative errors of the same figures, each the worst of PyTorch's float32 with
and without oneDNN and in both memory formats."""
import copy
import json
import math
import pathlib
import sys

import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from golden_numbers import golden_weight, uniform

CLASSES = 10
LABEL_SMOOTHING = 0.1
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, CLASSES)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class CifarBlock(nn.Module):
    """With the paper's shortcut A: every other position, and channels of zeros equally on both sides."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, (outputs - inputs) // 2

    def forward(self, x):
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added, self.added))
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + shortcut)


class CifarResNet20(nn.Module):
    """He et al. (2015), section 4.2."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        stage = lambda inputs, outputs, stride: nn.Sequential(
            CifarBlock(inputs, outputs, stride), CifarBlock(outputs, outputs, 1), CifarBlock(outputs, outputs, 1)
        )
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.linear = nn.Linear(64, CLASSES)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


def googlenet():
    return torchvision.models.googlenet(
        num_classes=CLASSES, aux_logits=True, transform_input=False, init_weights=False
    )


# Network, batch, image [channels, height, width], learning rate, weight of the auxiliary heads' losses.
RUNS = {
    'lenet5': (LeNet5, 4, (1, 32, 32), 1e-2, None),
    'cifar_resnet20': (CifarResNet20, 16, (3, 32, 32), 1e-2, None),
    'resnet18': (lambda: torchvision.models.resnet18(num_classes=CLASSES), 16, (3, 96, 96), 1e-4, None),
    'googlenet': (googlenet, 16, (3, 128, 128), 1e-4, 0.3),
    'alexnet': (lambda: torchvision.models.alexnet(num_classes=CLASSES), 16, (3, 96, 96), 1e-4, None),
    'vgg11_bn': (lambda: torchvision.models.vgg11_bn(num_classes=CLASSES), 16, (3, 64, 64), 1e-4, None),
}


def golden_state(model):
    """Loads the golden weights and gives every key and shape."""
    state = {key: tuple(value.shape) for key, value in model.state_dict().items() if 'num_batches' not in key}
    for key, value in model.state_dict().items():
        if key in state:
            value.copy_(torch.from_numpy(golden_weight(key, state[key])))
    return state


def train(model, images, labels, rate, aux_weight, steps=4):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    loss_of = nn.CrossEntropyLoss(label_smoothing=LABEL_SMOOTHING)
    figures = {'losses': [], 'gradient_norms': []}
    model.train()
    for step in range(steps):
        outputs = model(images)
        # GoogLeNet's: the logits, those of the second head and of the first one.
        main, *heads = outputs if isinstance(outputs, tuple) else (outputs,)
        loss = loss_of(main, labels) + sum((aux_weight * loss_of(head, labels) for head in heads), 0)
        optimizer.zero_grad()
        loss.backward()
        norms = [parameter.grad.double().norm() for parameter in model.parameters()]
        figures['losses'].append(loss.item())
        figures['gradient_norms'].append(torch.stack(norms).norm().item())
        if step == 0:
            figures['gradients_step0'] = {
                key: [norm.item(), *parameter.grad.reshape(-1)[[0, -1]].tolist()]
                for (key, parameter), norm in zip(model.named_parameters(), norms)
            }
        optimizer.step()
    figures['running_after_4_steps'] = {
        key: [value.double().mean().item(), value.reshape(-1)[0].item()]
        for key, value in model.state_dict().items()
        if 'running' in key
    }
    model.eval()
    with torch.no_grad():
        figures['eval_logits_after_4_steps'] = model(images[:1])[0].tolist()
    return figures


def errors(figures, golden, state):
    """Of each figure the worst relative error: as trainingErrors in ../src/golden-training.ts."""
    relative = lambda name: [abs(own - value) / value for own, value in zip(figures[name], golden[name])]
    largest = max(norm for norm, _, _ in golden['gradients_step0'].values())
    gradients, elements, running = [], [], [0.0]
    for key, (norm, *values) in golden['gradients_step0'].items():
        unit = 1e-4 * largest if norm < 1e-9 * largest else norm
        own_norm, *own = figures['gradients_step0'][key]
        gradients.append(abs(own_norm - norm) / unit)
        scale = unit / math.sqrt(math.prod(state[key]))
        elements += [abs(a - b) / scale for a, b in zip(own, values)]
    for key, values in golden['running_after_4_steps'].items():
        own = figures['running_after_4_steps'][key]
        running += [abs(a - b) / max(abs(b), 1) for a, b in zip(own, values)]
    logits = torch.tensor(golden['eval_logits_after_4_steps'], dtype=torch.float64)
    own_logits = torch.tensor(figures['eval_logits_after_4_steps'], dtype=torch.float64)
    return {
        'losses': relative('losses'),
        'gradient_norms': relative('gradient_norms'),
        'gradients_step0': max(gradients),
        'gradient_elements_step0': max(elements),
        'running_after_4_steps': max(running),
        'eval_logits_after_4_steps': ((own_logits - logits).norm() / logits.norm()).item(),
    }


def worst(several):
    each = lambda values: [max(step) for step in zip(*values)] if isinstance(values[0], list) else max(values)
    return {key: each([one[key] for one in several]) for key in several[0]}


def rounded(value, digits):
    if isinstance(value, float):
        return float(f'{value:.{digits}g}')
    if isinstance(value, dict):
        return {key: rounded(each, digits) for key, each in value.items()}
    return [rounded(each, digits) for each in value] if isinstance(value, (list, tuple)) else value


def run(name):
    build, batch, shape, rate, aux_weight = RUNS[name]
    model = build()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    state = golden_state(model)
    images = torch.from_numpy(uniform('input', (batch, *shape)))
    labels = torch.arange(batch) % CLASSES
    golden = train(copy.deepcopy(model).double(), images.double(), labels, rate, aux_weight)
    deviations = []
    for onednn in (True, False):
        for memory_format in (torch.contiguous_format, torch.channels_last):
            with torch.backends.mkldnn.flags(enabled=onednn):
                single = copy.deepcopy(model).to(memory_format=memory_format)
                own = train(single, images.contiguous(memory_format=memory_format), labels, rate, aux_weight)
            deviations.append(errors(own, golden, state))
    return {
        'model': name,
        'input': shape,
        'batch': batch,
        'numClasses': CLASSES,
        'labels': labels.tolist(),
        'optimizer': {'type': 'sgd', 'lr': rate, 'momentum': MOMENTUM, 'weightDecay': WEIGHT_DECAY},
        'labelSmoothing': LABEL_SMOOTHING,
        'auxWeight': aux_weight,
        'dropout': 0,
        **rounded(golden, 10),
        'float32': rounded(worst(deviations), 2),
        'state': state,
    }


if __name__ == '__main__':
    folder = pathlib.Path(__file__).parent / 'training'
    folder.mkdir(exist_ok=True)
    for name in sys.argv[1:] or RUNS:
        golden = run(name)
        (folder / f'{name}.json').write_text(json.dumps(golden) + '\n')
        print(name, json.dumps(golden['losses']), json.dumps(golden['float32']))
