"""Makes the golden figures of one of torchvision's networks: python3 model_golden.py squeezenet1_1 > squeezenet1_1.json

Needs torch and torchvision, and no weights: they follow from their names, see golden_numbers.py. The network has 1000
classes and is evaluated on one picture. Figures: `params`, `macs` (convolutions and linear layers), `state` (every key and
shape), `layers` (name, type, output shape without the batch, parameters, multiply-accumulates) and `logits`."""
import argparse
import json

import torch
import torchvision

from golden_numbers import golden_weight, uniform


def macs(module, output):
    if isinstance(module, torch.nn.Conv2d):
        return output[0].numel() * module.weight[0].numel()
    return module.weight.numel() if isinstance(module, torch.nn.Linear) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('network')
    parser.add_argument('--size', type=int, default=224, help='height and width of the picture')
    options = parser.parse_args()

    model = getattr(torchvision.models, options.network)(weights=None).eval()
    state = {key: tuple(value.shape) for key, value in model.state_dict().items() if 'num_batches' not in key}
    for key, value in model.state_dict().items():
        if key in state:
            value.copy_(torch.from_numpy(golden_weight(key, state[key])))

    layers = []

    def record(name):
        def hook(module, _, output):
            parameters = sum(parameter.numel() for parameter in module.parameters())
            layers.append([name, type(module).__name__, list(output.shape[1:]), parameters, macs(module, output)])

        return hook

    for name, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_hook(record(name))
    with torch.no_grad():
        logits = model(torch.from_numpy(uniform('input', (1, 3, options.size, options.size))))[0]
    print(json.dumps({
        'model': options.network,
        'input': [3, options.size, options.size],
        'params': sum(parameter.numel() for parameter in model.parameters()),
        'macs': sum(layer[4] for layer in layers),
        'state': state,
        'layers': layers,
        'logits': [float(f'{value:.8g}') for value in logits],
    }))


if __name__ == '__main__':
    main()
