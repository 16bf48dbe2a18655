"""Writes one test case: the model file and, beside it, inputs with the answers that the training library itself gives."""

import json
import math
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent


def plain(value):
    """Rows as JSON: NaN is null, numbers keep enough digits to come back as the same float32 or float64."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (np.floating, float)):
        return None if math.isnan(value) else float(value)
    if isinstance(value, np.integer):
        return int(value)
    return value


def write_case(folder, name, inputs, expected, **more):
    """`inputs` is rows × features (float64), `expected` the array that the library's own predict returns for them."""
    expected = np.asarray(expected)
    case = {
        "inputs": plain(np.asarray(inputs)),
        "shape": list(expected.shape),
        "expected": plain(expected.ravel()),
        **more,
    }
    path = ROOT / folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(case, separators=(",", ":")) + "\n")


def model_path(folder, name, ending):
    path = ROOT / folder / name / f"model{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
