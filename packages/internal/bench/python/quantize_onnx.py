"""Quantizes an ONNX file as onnxruntime's documentation recommends: `quantize_onnx.py FLOAT.onnx IMAGES.f32 INT8.onnx`.

Pre-processed (shapes inferred, batch normalization folded), then static QDQ of 8 bits with a scale for each output channel. IMAGES.f32: one batch, channels last.
"""

import logging
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

logging.disable(logging.WARNING)
float_file, images_file, int8_file = map(pathlib.Path, sys.argv[1:])
(graph_input,) = onnx.load(float_file).graph.input
shape = [size.dim_value for size in graph_input.type.tensor_type.shape.dim][1:]


class OneBatch(CalibrationDataReader):
    def __init__(self):
        self.batches = iter([np.fromfile(images_file, np.float32).reshape(-1, *shape)])

    def get_next(self):
        batch = next(self.batches, None)
        return None if batch is None else {graph_input.name: batch}


with tempfile.TemporaryDirectory() as folder:
    prepared = pathlib.Path(folder) / "prepared.onnx"
    quant_pre_process(str(float_file), str(prepared))
    quantize_static(
        prepared,
        int8_file,
        OneBatch(),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
