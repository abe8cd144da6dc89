"""The peer: a server as people write it with FastAPI and onnxruntime. python python_server.py MODEL.onnx PORT

Needs fastapi, uvicorn, onnxruntime, pillow and numpy. MODEL.onnx is what `cnnzoo export NETWORK MODEL.onnx` wrote. Each image is a call of the session, in a thread of the pool.
"""

import io
import sys

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from PIL import Image

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
[given] = session.get_inputs()
side = given.shape[1]
mean = np.array([0.485, 0.456, 0.406], np.float32)
std = np.array([0.229, 0.224, 0.225], np.float32)
app = FastAPI()


def classify(body: bytes) -> list[dict]:
    image = Image.open(io.BytesIO(body)).convert("RGB")
    scale = (256 if side == 224 else side) / min(image.size)
    image = image.resize([round(length * scale) for length in image.size], Image.Resampling.BILINEAR)
    left, top = ((length - side) // 2 for length in image.size)
    pixels = np.asarray(image.crop((left, top, left + side, top + side)), np.float32) / 255
    [logits] = session.run(None, {given.name: ((pixels - mean) / std)[None]})
    powers = np.exp(logits[0] - logits[0].max())
    probabilities = powers / powers.sum()
    return [{"index": int(i), "probability": float(probabilities[i])} for i in np.argsort(-probabilities)[:5]]


@app.post("/classify")
async def post(request: Request) -> list[dict]:
    return await run_in_threadpool(classify, await request.body())


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
