"""Trains the scikit-learn example: python train_sklearn.py (see requirements.txt). The result is the same on every run.

Writes ../models/sklearn-iris/model.joblib, a request body ../sklearn-iris-input.json, and in expected/ what scikit-learn
itself answers to that request.
"""

import json
from pathlib import Path

import joblib
from sklearn import datasets, svm

EXAMPLES = Path(__file__).resolve().parent.parent
ROWS = [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]


def write_rows(path, key, rows):
    """{"key": [...]} with a row on each line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"    {json.dumps(row)}" for row in rows)
    path.write_text(f'{{\n  "{key}": [\n{lines}\n  ]\n}}\n')


def main():
    measurements, kinds = datasets.load_iris(return_X_y=True)
    model = svm.SVC(gamma="scale").fit(measurements, kinds)
    path = EXAMPLES / "models" / "sklearn-iris" / "model.joblib"
    path.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, path)
    write_rows(EXAMPLES / "sklearn-iris-input.json", "instances", ROWS)
    write_rows(EXAMPLES / "training" / "expected" / "sklearn-iris.json", "predictions", model.predict(ROWS).tolist())


if __name__ == "__main__":
    main()
