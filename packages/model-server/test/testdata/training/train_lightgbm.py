"""Trains the LightGBM test models: python train_lightgbm.py (see requirements.txt). The result is the same on every run."""

import lightgbm as lgb
import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

from cases import model_path, write_case

FOLDER = "lightgbm"
COMMON = {"seed": 7, "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbose": -1, "num_leaves": 8, "min_data_in_leaf": 10}


def holes(data, share, seed):
    random = np.random.default_rng(seed)
    data = np.array(data, dtype=np.float64)
    data[random.random(data.shape) < share] = np.nan
    return data


def sample(data, count=12):
    return data[np.linspace(0, len(data) - 1, count).astype(int)]


def train(name, params, data, label, rounds=8, rows=None, ending=".txt", feature_names="auto", categorical="auto", **dataset):
    matrix = lgb.Dataset(data, label, feature_name=feature_names, categorical_feature=categorical, params={"verbose": -1}, **dataset)
    booster = lgb.train({**COMMON, **params}, matrix, rounds)
    path = model_path(FOLDER, name, ending)
    booster.save_model(path)
    rows = sample(data) if rows is None else rows
    loaded = lgb.Booster(params={"nthread": 1}, model_file=str(path))
    more = {} if feature_names == "auto" else {"featureNames": list(feature_names)}
    write_case(FOLDER, name, rows, loaded.predict(rows), **more)


def classification():
    iris, species = load_iris(return_X_y=True)
    train("multiclass", {"objective": "multiclass", "num_class": 3}, iris, species, ending=".bst")
    train("multiclassova", {"objective": "multiclassova", "num_class": 3}, iris, species)
    wine, cultivar = load_wine(return_X_y=True)
    train("multiclass-missing", {"objective": "multiclass", "num_class": 3}, holes(wine, 0.2, 1), cultivar)
    cancer, malignant = load_breast_cancer(return_X_y=True)
    names = [str(n).replace(" ", "_") for n in load_breast_cancer().feature_names]
    train("binary", {"objective": "binary"}, cancer, malignant, feature_names=names)
    train("binary-missing", {"objective": "binary", "sigmoid": 1.7}, holes(cancer, 0.3, 2), malignant)
    sparse = np.where(np.random.default_rng(4).random(cancer.shape) < 0.4, 0.0, cancer)
    zero_rows = sample(sparse).copy()
    zero_rows[3, :10] = np.nan
    train("zero-as-missing", {"objective": "binary", "zero_as_missing": True}, sparse, malignant, rows=zero_rows)
    nan_rows = sample(cancer).copy()
    nan_rows[2, ::2] = np.nan
    train("nan-without-missing", {"objective": "binary", "use_missing": False}, cancer, malignant, rows=nan_rows)
    train("cross-entropy", {"objective": "cross_entropy"}, cancer, malignant * 0.8 + 0.1)
    train("cross-entropy-lambda", {"objective": "cross_entropy_lambda"}, cancer, malignant * 0.8 + 0.1)


def regression():
    diabetes, progress = load_diabetes(return_X_y=True)
    for objective in ["regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie"]:
        train(objective.replace("_", "-"), {"objective": objective}, diabetes, progress, 5)
    train("regression-sqrt", {"objective": "regression", "reg_sqrt": True}, diabetes, progress)
    train("linear-tree", {"objective": "regression", "linear_tree": True}, diabetes, progress, rows=holes(sample(diabetes), 0.1, 9))
    train("lambdarank", {"objective": "lambdarank"}, diabetes, (progress // 90).astype(int), group=[13] * 34)
    train("dart", {"objective": "regression", "boosting": "dart", "drop_rate": 0.5}, diabetes, progress)
    train("constant", {"objective": "regression"}, diabetes, np.full(len(diabetes), 4.0), 2)
    forest = {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1, "feature_fraction": 0.7}
    train("forest", {**forest, "objective": "regression"}, diabetes, progress)
    cancer, malignant = load_breast_cancer(return_X_y=True)
    train("forest-binary", {**forest, "objective": "binary"}, cancer, malignant)
    wine, cultivar = load_wine(return_X_y=True)
    train("forest-multiclass", {**forest, "objective": "multiclass", "num_class": 3}, wine, cultivar, 5)


def categorical():
    random = np.random.default_rng(11)
    count = 600
    color = random.integers(0, 70, count).astype(float)
    size = random.normal(size=count)
    shape = random.integers(0, 3, count).astype(float)
    label = (np.sin(color) + size * 0.3 + (shape == 1) > 0.4).astype(int)
    color[random.random(count) < 0.1] = np.nan
    data = np.column_stack([color, size, shape])
    strange = np.array([[-1.0, 0.2, 1], [69.0, 0.2, 2.0], [17.0, np.nan, 0], [np.nan, 1, np.nan], [5.9, -1, 1], [1e6, 0, 7], [3e9, 0, 1]])
    rows = np.vstack([sample(data, 10), strange])
    names = ["color", "size", "shape"]
    params = {"objective": "binary", "min_data_per_group": 5, "cat_smooth": 1, "max_cat_to_onehot": 3}
    train("categorical", params, data, label, rows=rows, feature_names=names, categorical=["color", "shape"])
    whole = np.nan_to_num(data, nan=7)
    train("categorical-whole", params, whole, label, rows=rows, feature_names=names, categorical=["color", "shape"])


if __name__ == "__main__":
    classification()
    regression()
    categorical()
