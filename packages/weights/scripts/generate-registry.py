"""
Writes src/published/registry-data.ts and src/imagenet.ts from the PyPI packages torchvision, timm and keras, which are only parsed and
never imported:

    pip download --no-deps -d /tmp/wheels torchvision timm keras
    python3 scripts/generate-registry.py /tmp/wheels/*.whl && pnpm exec biome check --write src

Nothing is written that is not in these packages, except what ARCHITECTURES and NOTES below say of our own networks. A hash that the
packages do not have is null.
"""
import ast
import json
import re
import sys
import zipfile
from pathlib import Path

output = Path(__file__).parent.parent / "src"

# Networks that are here, by torchvision's and timm's name.
ARCHITECTURES = (
    ["alexnet", "googlenet", "inception_v3"]
    + [f"vgg{depth}{bn}" for depth in (11, 13, 16, 19) for bn in ("", "_bn")]
    + [f"resnet{depth}" for depth in (18, 34, 50, 101, 152)]
    + ["resnext50_32x4d", "resnext101_32x8d", "wide_resnet50_2", "wide_resnet101_2"]
)
SENETS = ["senet154", "se_resnet50", "se_resnet101", "se_resnet152", "se_resnext50_32x4d", "se_resnext101_32x4d"]
NOTES = {
    "googlenet": "The auxiliary heads in this file were never trained.",
}

sources = {}
versions = {}
for wheel in sys.argv[1:]:
    with zipfile.ZipFile(wheel) as archive:
        name, version = Path(wheel).name.split("-")[:2]
        versions[name] = version
        for path in archive.namelist():
            if re.match(r"(torchvision/models|timm/(models|data)|keras/src/applications)/[^/]*\.py$", path):
                sources[path] = archive.read(path).decode()


def keywords(call):
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def dictionary(node):
    """A dict display whose keys are literals; **spreads are left out."""
    return {key.value: value for key, value in zip(node.keys, node.values) if isinstance(key, ast.Constant)}


def constants(path):
    return {
        target.id: node.value
        for node in ast.parse(sources[path]).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


categories = ast.literal_eval(constants("torchvision/models/_meta.py")["_IMAGENET_CATEGORIES"])
imagenet_mean = ast.literal_eval(constants("timm/data/constants.py")["IMAGENET_DEFAULT_MEAN"])
imagenet_std = ast.literal_eval(constants("timm/data/constants.py")["IMAGENET_DEFAULT_STD"])
half = (0.5, 0.5, 0.5)
entries = []


# The rows of packages/internal/metadata/src/preprocessings.ts that published weights have. What they say is compared with the packages.
caffe_mean = tuple(mean / 255 for mean in (123.68, 116.779, 103.939))
PREPROCESSINGS = {
    (256, 224, "bilinear", tuple(imagenet_mean), tuple(imagenet_std)): "imagenet",
    (232, 224, "bilinear", tuple(imagenet_mean), tuple(imagenet_std)): "imagenetV2",
    (256, 224, "bilinear", half, half): "tensorflow",
    (342, 299, "bilinear", half, half): "inception",
    (341, 299, "bicubic", half, half): "inceptionBicubic",
    (256, 224, "bilinear", caffe_mean, (1 / 255,) * 3): "caffe",
}


def preprocessing(resize, crop, interpolation="bilinear", mean=imagenet_mean, std=imagenet_std):
    return PREPROCESSINGS[resize, crop, interpolation, tuple(mean), tuple(std)]


# torchvision: enums of Weights(url, transforms, meta).
for path in ("alexnet", "googlenet", "inception", "resnet", "vgg"):
    for enum in ast.parse(sources[f"torchvision/models/{path}.py"]).body:
        if not (isinstance(enum, ast.ClassDef) and enum.name.endswith("_Weights")):
            continue
        architecture = enum.name.removesuffix("_Weights").lower()
        if architecture not in ARCHITECTURES:
            continue
        for member in enum.body:
            if not (isinstance(member, ast.Assign) and isinstance(member.value, ast.Call)):
                continue
            weights = keywords(member.value)
            meta = dictionary(weights["meta"])
            transforms = keywords(weights["transforms"])
            if meta.get("categories", True) is not True and isinstance(meta["categories"], ast.Constant):
                continue  # Features only, without classes (vgg16's IMAGENET1K_FEATURES).
            url = weights["url"].value
            crop = transforms["crop_size"].value
            resize = transforms["resize_size"].value if "resize_size" in transforms else 256
            accuracy = ast.literal_eval(meta["_metrics"])["ImageNet-1K"]
            name = member.targets[0].id
            # Both were ported from networks that take values from -1 to 1; torchvision converts within the network (transform_input).
            transform_input = architecture in ("googlenet", "inception_v3")
            row = preprocessing(resize, crop, *(("bilinear", half, half) if transform_input else ()))
            entries.append(
                {
                    "id": f"{architecture}.{name}",
                    "preprocessing": row,
                    "rules": "torchvision",
                    "url": url,
                    # PyTorch's convention: the name ends with the first digits of the SHA-256.
                    "sha256": re.search(r"-([0-9a-f]{8,})\.pth$", url)[1],
                    "megabytes": meta["_file_size"].value,
                    "top1": accuracy["acc@1"],
                    "top5": accuracy["acc@5"],
                    "measuredWith": row,
                    "licence": "BSD-3-Clause",
                    **({"notes": NOTES[architecture]} if architecture in NOTES else {}),
                }
            )

# timm: the sets that are torchvision's, as safetensors; so they have torchvision's accuracy.
for path in ("inception_v3", "resnet", "vgg"):
    source = constants(f"timm/models/{path}.py")
    functions = {node.name: node for node in ast.parse(sources[f"timm/models/{path}.py"]).body if isinstance(node, ast.FunctionDef)}
    defaults = dictionary(functions["_cfg"].body[-1].value)
    names = {"IMAGENET_DEFAULT_MEAN": imagenet_mean, "IMAGENET_DEFAULT_STD": imagenet_std, "IMAGENET_INCEPTION_MEAN": half, "IMAGENET_INCEPTION_STD": half}
    for key, call in dictionary(source["default_cfgs"].args[0]).items():
        architecture, _, tag = key.partition(".")
        if architecture not in ARCHITECTURES or tag not in ("tv_in1k", "tv2_in1k"):
            continue
        config = {**defaults, **keywords(call)}

        def value(name):
            return names[config[name].id] if isinstance(config[name], ast.Name) else ast.literal_eval(config[name])

        assert value("hf_hub_id") == "timm/" and call.func.id == "_cfg"
        crop = value("test_input_size" if "test_input_size" in config else "input_size")[1]
        resize = int(crop / value("test_crop_pct" if "test_crop_pct" in config else "crop_pct"))
        # VGG's entries have no address of torchvision's file: there is one set of each.
        url = value("url") if "url" in keywords(call) else None
        assert value("num_classes") == 1000
        same = next((e for e in entries if e["id"].startswith(f"{architecture}.") and (e["url"] == url or path == "vgg")), {})
        entries.append(
            {
                "id": key,
                "preprocessing": preprocessing(resize, crop, value("interpolation"), value("mean"), value("std")),
                "rules": "timmVgg" if path == "vgg" else "torchvision",
                "url": f"https://huggingface.co/timm/{key}/resolve/main/model.safetensors",
                # The accuracy was measured by torchvision, with its preprocessing.
                **{name: same[name] for name in ("top1", "top5", "measuredWith") if name in same},
                "licence": value("license"),
            }
        )

# timm's SENet and SE-ResNet, which were converted from the authors' Caffe files. Their networks have other names here.
senet = constants("timm/models/senet.py")
functions = {node.name: node for node in ast.parse(sources["timm/models/senet.py"]).body if isinstance(node, ast.FunctionDef)}
defaults = dictionary(functions["_cfg"].body[-1].value)
for key, call in dictionary(senet["default_cfgs"].args[0]).items():
    name, _, tag = key.removeprefix("legacy_").partition(".")
    architecture = name.replace("seres", "se_res")
    if architecture not in SENETS:
        continue
    config = {**defaults, **keywords(call)}
    assert ast.literal_eval(config["crop_pct"]) == 0.875 and ast.literal_eval(config["interpolation"]) == "bilinear"
    url = config["url"].value
    entries.append(
        {
            "id": f"{architecture}.{tag}",
            "preprocessing": preprocessing(256, 224),
            "rules": "torchvision",
            "url": url,
            "sha256": re.search(r"-([0-9a-f]{8,})\.pth$", url)[1],
            "licence": config["license"].value,
        }
    )

# Keras: addresses and MD5 sums as constants.
caffe = preprocessing(256, 224, "bilinear", caffe_mean, (1 / 255,) * 3)
assert "mean = [103.939, 116.779, 123.68]" in sources["keras/src/applications/imagenet_utils.py"]


def keras_entry(architecture, url, md5, rules, options, row):
    # The package says nothing of the weights' licence or accuracy.
    entries.append(
        {
            "id": f"{architecture}.keras",
            **({"options": options} if options else {}),
            "preprocessing": row,
            "rules": rules,
            "url": url,
            "md5": md5,
        }
    )


for architecture, rules, preprocess in (
    ("vgg16", "kerasVgg16", caffe),
    ("vgg19", "kerasVgg19", caffe),
    ("inception_v3", "kerasInceptionV3", preprocessing(342, 299, "bilinear", half, half)),
):
    path = f"keras/src/applications/{architecture}.py"
    url = ast.literal_eval(constants(path)["WEIGHTS_PATH"])
    [md5] = {
        call_keywords["file_hash"].value
        for call in ast.walk(ast.parse(sources[path]))
        if isinstance(call, ast.Call)
        and (call_keywords := keywords(call)).get("file_hash")
        and isinstance(call.args[1], ast.Name)
        and call.args[1].id == "WEIGHTS_PATH"
    }
    # TensorFlow's average pooling leaves the padding out.
    options = {"countIncludePad": False} if architecture == "inception_v3" else {}
    keras_entry(architecture, url, md5, rules, options, preprocess)

resnet = constants("keras/src/applications/resnet.py")
base = ast.literal_eval(resnet["BASE_WEIGHTS_PATH"])
for name, hashes in ast.literal_eval(resnet["WEIGHTS_HASHES"]).items():
    match = re.fullmatch(r"resnet(50|101|152)(v2)?", name)
    if match is None:
        continue
    second = match[2] is not None
    keras_entry(
        f"resnet{match[1]}{'_v2' if second else ''}",
        f"{base}{name}_weights_tf_dim_ordering_tf_kernels.h5",
        hashes[0],
        "kerasResnetV2" if second else "kerasResnet",
        {"variant": "keras" if second else "v1"},
        preprocessing(256, 224, "bilinear", half, half) if second else caffe,
    )

header = "// Made by scripts/generate-registry.py from " + ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) + ". Do not edit."


def literal(entry):
    """As biome writes a line, but that one set is one line."""
    values = (f"{name}: {literal(value) if isinstance(value, dict) else json.dumps(value)}" for name, value in entry.items())
    return "{ " + ", ".join(values).replace('"', "'") + " }"


assert "'" not in json.dumps(entries)
(output / "published" / "registry-data.ts").write_text(
    f"{header}\nimport type {{ WeightsRow }} from './published-weights.js';\n\n"
    "// biome-ignore format: one set a line\nexport const rows: readonly WeightsRow[] = [\n"
    + "".join(f"  {literal(entry)},\n" for entry in entries)
    + "];\n"
)
(output / "imagenet.ts").write_text(
    f"{header}\n/** The names of ImageNet-1K's 1000 classes in the order of the networks' outputs. */\n"
    f"export const imagenetCategories: readonly string[] = {json.dumps(categories, ensure_ascii=False, indent=2)};\n"
)
print(f"{len(entries)} weight sets, {len(categories)} categories")
