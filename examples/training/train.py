"""Trains the example models that are not scikit-learn's own: python train.py (see requirements.txt).

Writes for each model
  ../models/<name>/…            what the InferenceService's storageUri points to
  ../<name>-input.json          a request body
  expected/<name>.json          what the training library itself answers to that request
The result is the same on every run.
"""

import json
from pathlib import Path

import lightgbm as lgb
import numpy as np
import onnxruntime
import xgboost as xgb
from skl2onnx import to_onnx
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

EXAMPLES = Path(__file__).resolve().parent.parent


def place(name, *parts):
    path = EXAMPLES.joinpath("models", name, *parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_rows(path, key, rows):
    """{"key": [...]} with a row on each line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"    {json.dumps(row)}" for row in rows)
    path.write_text(f'{{\n  "{key}": [\n{lines}\n  ]\n}}\n')


def write_v1(name, rows, predictions):
    write_rows(EXAMPLES / f"{name}-input.json", "instances", rows)
    write_rows(EXAMPLES / "training" / "expected" / f"{name}.json", "predictions", np.asarray(predictions).tolist())


def xgboost_iris():
    """Three kinds of iris, probabilities of each; one measurement of the last flower is missing."""
    data, kinds = load_iris(return_X_y=True)
    params = {"objective": "multi:softprob", "num_class": 3, "max_depth": 3, "eta": 0.3, "seed": 1, "nthread": 1}
    booster = xgb.train(params, xgb.DMatrix(data, kinds), 20)
    path = place("xgboost-iris", "model.ubj")
    booster.save_model(path)
    rows = [[6.8, 2.8, 4.8, 1.4], [5.1, 3.5, 1.4, 0.2], [6.3, None, 6.0, 2.5]]
    loaded = xgb.Booster(model_file=bytearray(path.read_bytes()))
    write_v1("xgboost-iris", rows, loaded.predict(xgb.DMatrix(np.array(rows, dtype=float))))


def lightgbm_wine():
    """Three growers of wine; the last column is a category."""
    wine = load_wine()
    names = ["alcohol", "malic_acid", "flavanoids", "color_intensity", "proline"]
    columns = [wine.feature_names.index(name) for name in names]
    region = (wine.data[:, wine.feature_names.index("hue")] * 4).astype(int)
    data = np.column_stack([wine.data[:, columns], region])
    params = {
        "objective": "multiclass",
        "num_class": 3,
        "num_leaves": 8,
        "min_data_in_leaf": 5,
        "min_data_per_group": 5,
        "seed": 1,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }
    dataset = lgb.Dataset(data, wine.target, feature_name=[*names, "region"], categorical_feature=["region"], params={"verbose": -1})
    path = place("lightgbm-wine", "model.bst")
    lgb.train(params, dataset, 15).save_model(path)
    rows = data[[3, 80, 150]]
    write_v1("lightgbm-wine", rows.tolist(), lgb.Booster(model_file=str(path)).predict(rows))


def onnx_digits():
    """Handwritten digits of 8 × 8 pixels, a small neural network; in the repository layout that Triton wants."""
    digits = load_digits()
    network = make_pipeline(StandardScaler(), MLPClassifier((32,), max_iter=120, random_state=1))
    network.fit(digits.data[:-100], digits.target[:-100])
    rows = digits.data[-3:].astype(np.float32)
    model = to_onnx(network, rows[:1], options={"zipmap": False})
    path = place("onnx-digits", "onnx-digits", "1", "model.onnx")
    path.write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    pixels = {"name": name, "shape": list(rows.shape), "datatype": "FP32", "data": rows.ravel().astype(int).tolist()}
    write_rows(EXAMPLES / "onnx-digits-input.json", "inputs", [pixels])
    outputs = [
        {"name": spec.name, "shape": list(value.shape), "datatype": {"int64": "INT64", "float32": "FP32"}[str(value.dtype)], "data": value.ravel().tolist()}
        for spec, value in zip(session.get_outputs(), session.run(None, {name: rows}))
    ]
    write_rows(EXAMPLES / "training" / "expected" / "onnx-digits.json", "outputs", outputs)


if __name__ == "__main__":
    xgboost_iris()
    lightgbm_wine()
    onnx_digits()
