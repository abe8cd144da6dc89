"""The reproducible "random" numbers of the golden figures, as in ../src/golden-numbers.ts. Needs numpy and nothing else."""
import zlib

import numpy as np


def uniform(name, shape):
    """float32 values in [-1, 1) that depend on `name` only: lowbias32 of crc32(name) + index."""
    x = (np.arange(int(np.prod(shape)), dtype=np.uint64) + zlib.crc32(name.encode())).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return (x.astype(np.float64) / 2**31 - 1).astype(np.float32).reshape(shape)


def golden_weight(key, shape):
    """The golden value of one state-dict entry in PyTorch's layout."""
    u = uniform(key, shape)
    if len(shape) >= 2:
        return u * np.float32(np.sqrt(6 / np.prod(shape[1:])))
    if key.endswith("running_var"):
        return (1 + 0.5 * np.abs(u)).astype(np.float32)
    if key.endswith("running_mean") or not key.endswith("weight"):
        return (0.1 * u).astype(np.float32)
    return (1 + 0.1 * u).astype(np.float32)
