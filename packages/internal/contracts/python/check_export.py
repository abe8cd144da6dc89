"""Checks exported networks: reads one JSON request a line, {"model": path, "runs": [{"input": path, "shape": [...], "type":
"float32", "output": path}]}, and answers each with a line of JSON. onnx and onnxruntime are used as far as they are there."""

import json
import sys

import numpy

try:
    import onnx
except ImportError:
    onnx = None
try:
    import onnxruntime
except ImportError:
    onnxruntime = None


def check(path):
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path, load_external_data=False)
    domains = sorted({node.domain for node in model.graph.node} | {entry.domain for entry in model.opset_import})
    return {"opset": model.opset_import[0].version, "ir": model.ir_version, "domains": domains}


def run(path, runs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    for each in runs:
        x = numpy.fromfile(each["input"], each["type"]).reshape(each["shape"])
        (y,) = session.run(None, {session.get_inputs()[0].name: x})
        y.tofile(each["output"])


versions = {"onnx": onnx and onnx.__version__, "onnxruntime": onnxruntime and onnxruntime.__version__}
print(json.dumps(versions), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    answer = {"error": None, "checked": None}
    try:
        if onnx:
            answer["checked"] = check(request["model"])
        if onnxruntime:
            run(request["model"], request["runs"])
    except Exception as error:  # any failure is the answer
        answer["error"] = f"{type(error).__name__}: {error}"
    print(json.dumps(answer), flush=True)
