"""Makes the golden figures of networks:

    python3 model_golden.py                                  all files of models/
    python3 model_golden.py squeezenet1_1 > golden.json      one of torchvision's
    python3 model_golden.py timm:repvgg_a0 > golden.json     one of timm's (pip install timm)
    python3 model_golden.py pytorchcv:squeezenet_v1_1 > …    one of pytorchcv's (pip install pytorchcv)
    python3 model_golden.py network.py:build > golden.json   what a function of a Python file gives, called without arguments

Needs torch and torchvision, and no weights: they follow from their names, see golden_numbers.py. The files of models/ were made with
PyTorch 2.15.0 and torchvision 0.29.2; those of earlier versions differed in the logits only, by at most 2e-6 of their norm. Figures: `input`, [channels, height, width]; `params`; `macs` (convolutions and linear layers); `state` (every key
and shape); `layers` (name, type, output shape without the batch, parameters, multiply-accumulates, in the order of calls); `logits`
of one image, in evaluation mode. `params` and `state` include auxiliary heads, `macs` and `layers` do not: evaluation does not run
them."""
import argparse
import importlib
import importlib.util
import json
import pathlib
import sys

import torch

from golden_numbers import golden_weight, uniform

# torchvision's. Layers and logits of each kind of network; of its relatives what distinguishes them: weights and their sum.
MODELS = {
    'alexnet': True,
    'vgg11': True,
    'vgg11_bn': False,
    'vgg13': False,
    'vgg13_bn': False,
    'vgg16': False,
    'vgg16_bn': True,
    'vgg19': False,
    'vgg19_bn': False,
    'googlenet': True,
    'inception_v3': True,
    'resnet18': True,
    'resnet34': False,
    'resnet50': True,
    'resnet101': False,
    'resnet152': False,
    'resnext50_32x4d': False,
    'wide_resnet50_2': False,
}
SIZES = {'inception_v3': 299}


def build(network):
    source, _, name = network.rpartition(':')
    if source.endswith('.py'):
        specification = importlib.util.spec_from_file_location('network', source)
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return getattr(module, name)()
    if source == 'timm':
        return importlib.import_module('timm').create_model(name, pretrained=False)
    if source == 'pytorchcv':
        return importlib.import_module('pytorchcv.model_provider').get_model(name, pretrained=False)
    options = {'init_weights': False} if name in ('googlenet', 'inception_v3') else {}
    return getattr(importlib.import_module('torchvision.models'), name)(weights=None, **options)


def macs(module, output):
    if isinstance(module, torch.nn.Conv2d):
        return output[0].numel() * module.weight[0].numel()
    return module.weight.numel() if isinstance(module, torch.nn.Linear) else 0


def golden(network, size, channels=3):
    model = build(network).eval()
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
        logits = model(torch.from_numpy(uniform('input', (1, channels, size, size))))[0]
    return {
        'model': network.rpartition(':')[2],
        'input': [channels, size, size],
        'params': sum(parameter.numel() for parameter in model.parameters()),
        'macs': sum(layer[4] for layer in layers),
        'state': state,
        'layers': layers,
        'logits': [float(f'{value:.8g}') for value in logits],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('network', nargs='?')
    parser.add_argument('--size', type=int, default=224, help='height and width of the image')
    parser.add_argument('--channels', type=int, default=3, help='channels of the image')
    options = parser.parse_args()
    if options.network is not None:
        print(json.dumps(golden(options.network, options.size, options.channels)))
        return
    folder = pathlib.Path(__file__).parent / 'models'
    folder.mkdir(exist_ok=True)
    for name, whole in MODELS.items():
        figures = golden(name, SIZES.get(name, options.size))
        if not whole:
            del figures['layers'], figures['logits']
        (folder / f'{name}.json').write_text(json.dumps(figures) + '\n')
        print(name, file=sys.stderr)


if __name__ == '__main__':
    main()
