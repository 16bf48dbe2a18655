"""Trains models with XGBoost 1.7, for its JSON, UBJSON and old binary forms: python train_old_xgboost.py (requirements-old.txt)."""

import numpy as np
import xgboost as xgb
from sklearn.datasets import load_diabetes, load_iris

from cases import model_path, write_case
from train_xgboost import FOLDER, holes, sample

COMMON = {"seed": 7, "nthread": 1, "tree_method": "hist"}


def save(name, booster, rows, ending):
    path = model_path(FOLDER, name, ending)
    booster.save_model(path)
    loaded = xgb.Booster(params={"nthread": 1}, model_file=bytearray(path.read_bytes()))
    write_case(FOLDER, name, rows, loaded.predict(xgb.DMatrix(rows)))


def main():
    iris, species = load_iris(return_X_y=True)
    iris = holes(iris, 0.2, 5)
    soft = xgb.train({**COMMON, "objective": "multi:softprob", "num_class": 3, "max_depth": 3}, xgb.DMatrix(iris, species), 6)
    save("version-1-softprob", soft, sample(iris), ".json")
    save("version-1-softprob-ubj", soft, sample(iris), ".ubj")
    binary = xgb.train({**COMMON, "objective": "binary:logistic", "max_depth": 3}, xgb.DMatrix(iris, species == 1), 6)
    save("version-1-logistic", binary, sample(iris), ".json")
    binary.save_model(model_path(FOLDER, "version-1-binary", ".bst"))
    diabetes, progress = load_diabetes(return_X_y=True)
    gamma = xgb.train({**COMMON, "objective": "reg:gamma", "max_depth": 3}, xgb.DMatrix(diabetes, progress), 6)
    save("version-1-gamma", gamma, sample(diabetes), ".json")
    dart = {**COMMON, "booster": "dart", "rate_drop": 0.5, "max_depth": 3}
    save("version-1-dart", xgb.train(dart, xgb.DMatrix(diabetes, progress), 6), sample(diabetes), ".json")
    linear = {"seed": 7, "nthread": 1, "booster": "gblinear", "updater": "coord_descent"}
    save("version-1-gblinear", xgb.train(linear, xgb.DMatrix(diabetes, progress), 10), sample(diabetes), ".json")


if __name__ == "__main__":
    main()
