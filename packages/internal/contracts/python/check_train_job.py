"""Checks a manifest against the models of kubeflow-trainer-api: every field must be one of theirs, and survive being read and written."""

import sys

import yaml
from kubeflow_trainer_api.models import TrainerV1alpha1TrainJob

given = yaml.safe_load(open(sys.argv[1], encoding="utf8"))
written = TrainerV1alpha1TrainJob.from_dict(given).to_dict()


def lost(a, b, path):
    """Fields that are not there any more: the models leave out those that they do not know."""
    if isinstance(a, dict):
        return [each for key in a for each in (lost(a[key], b[key], f"{path}.{key}") if isinstance(b, dict) and key in b else [f"{path}.{key}"])]
    if isinstance(a, list):
        if not isinstance(b, list) or len(a) != len(b):
            return [path]
        return [each for i, (x, y) in enumerate(zip(a, b)) for each in lost(x, y, f"{path}[{i}]")]
    return [] if a == b else [f"{path}: {a!r} became {b!r}"]


wrong = lost(given, written, "")
print("\n".join(wrong) or f"{given['kind']} {given['metadata']['name']}: all fields are those of {given['apiVersion']}")
raise SystemExit(len(wrong) > 0)
