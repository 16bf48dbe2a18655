"""Trains the XGBoost test models: python train_xgboost.py (see requirements.txt). The result is the same on every run."""

import numpy as np
import xgboost as xgb
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

from cases import model_path, plain, write_case

FOLDER = "xgboost"
COMMON = {"seed": 7, "nthread": 1, "tree_method": "hist"}


def holes(data, share, seed):
    random = np.random.default_rng(seed)
    data = np.array(data, dtype=np.float64)
    data[random.random(data.shape) < share] = np.nan
    return data


def sample(data, count=12):
    return data[np.linspace(0, len(data) - 1, count).astype(int)]


def train(name, params, data, label, rounds=8, ending=".ubj", feature_names=None, feature_types=None, rows=None, **fit):
    matrix = xgb.DMatrix(
        data,
        label,
        feature_names=feature_names,
        feature_types=feature_types,
        enable_categorical=feature_types is not None,
        nthread=1,
    )
    booster = xgb.train({**COMMON, **params}, matrix, rounds, **fit)
    finish(name, booster, rows if rows is not None else sample(data), ending, feature_names, feature_types)
    return booster


def finish(name, booster, rows, ending, feature_names=None, feature_types=None):
    path = model_path(FOLDER, name, ending)
    booster.save_model(path)
    loaded = xgb.Booster(params={"nthread": 1}, model_file=bytearray(path.read_bytes()))
    question = xgb.DMatrix(rows, feature_names=feature_names, feature_types=feature_types, enable_categorical=feature_types is not None)
    more = {"featureNames": feature_names} if feature_names else {}
    write_case(FOLDER, name, rows, loaded.predict(question), **more)


def classification():
    iris, species = load_iris(return_X_y=True)
    train("softprob", {"objective": "multi:softprob", "num_class": 3, "max_depth": 3}, iris, species)
    train("softprob-json", {"objective": "multi:softprob", "num_class": 3, "max_depth": 3}, iris, species, ending=".json")
    train("softmax", {"objective": "multi:softmax", "num_class": 3, "max_depth": 3}, iris, species)
    wine, cultivar = load_wine(return_X_y=True)
    train("softprob-missing", {"objective": "multi:softprob", "num_class": 3, "max_depth": 4}, holes(wine, 0.2, 1), cultivar)
    cancer, malignant = load_breast_cancer(return_X_y=True)
    names = [str(n).replace(" ", "_") for n in load_breast_cancer().feature_names]
    train("logistic", {"objective": "binary:logistic", "max_depth": 4}, cancer, malignant, feature_names=names)
    train("logistic-missing", {"objective": "binary:logistic", "max_depth": 4}, holes(cancer, 0.3, 2), malignant)
    train("logistic-base-score", {"objective": "binary:logistic", "max_depth": 2, "base_score": 0.3}, cancer, malignant, ending=".json")
    train("logitraw", {"objective": "binary:logitraw", "max_depth": 3}, cancer, malignant)
    train("hinge", {"objective": "binary:hinge", "max_depth": 3}, cancer, malignant)
    train("reg-logistic", {"objective": "reg:logistic", "max_depth": 3}, cancer, malignant * 0.8 + 0.1)


def regression():
    diabetes, progress = load_diabetes(return_X_y=True)
    for objective in ["squarederror", "absoluteerror", "pseudohubererror", "gamma", "tweedie", "squaredlogerror"]:
        train(f"reg-{objective}", {"objective": f"reg:{objective}", "max_depth": 3}, diabetes, progress)
    train("reg-quantile", {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9], "max_depth": 3}, diabetes, progress)
    train("poisson", {"objective": "count:poisson", "max_depth": 3}, diabetes, progress.astype(int))
    train("cox", {"objective": "survival:cox", "max_depth": 3}, diabetes, np.where(progress > 200, -progress, progress))
    survival = xgb.DMatrix(diabetes, nthread=1)
    survival.set_float_info("label_lower_bound", progress)
    survival.set_float_info("label_upper_bound", progress * 1.5)
    finish("aft", xgb.train({**COMMON, "objective": "survival:aft", "max_depth": 3}, survival, 8), sample(diabetes), ".ubj")
    groups = np.repeat(13, 34)
    for objective in ["ndcg", "pairwise"]:
        matrix = xgb.DMatrix(diabetes, (progress // 90).astype(int), nthread=1)
        matrix.set_group(groups)
        booster = xgb.train({**COMMON, "objective": f"rank:{objective}", "max_depth": 3}, matrix, 8)
        finish(f"rank-{objective}", booster, sample(diabetes), ".ubj")
    two = np.column_stack([progress, -progress / 2 + 3])
    train("multi-target", {"objective": "reg:squarederror", "max_depth": 3}, diabetes, two)
    train("vector-leaf", {"objective": "reg:squarederror", "max_depth": 3, "multi_strategy": "multi_output_tree"}, diabetes, two)
    train("vector-leaf-json", {"objective": "reg:squarederror", "max_depth": 3, "multi_strategy": "multi_output_tree"}, diabetes, two, ending=".json")


def boosters():
    diabetes, progress = load_diabetes(return_X_y=True)
    wine, cultivar = load_wine(return_X_y=True)
    dart = {"booster": "dart", "rate_drop": 0.4, "skip_drop": 0.1, "max_depth": 3}
    train("dart", {**dart, "objective": "reg:squarederror"}, diabetes, progress, 10)
    train("dart-softprob", {**dart, "objective": "multi:softprob", "num_class": 3}, wine, cultivar, 6, ending=".json")
    linear = {"booster": "gblinear", "updater": "coord_descent", "tree_method": "auto"}
    train("gblinear", {**linear, "objective": "reg:squarederror"}, diabetes, progress, 20)
    train("gblinear-softprob", {**linear, "objective": "multi:softprob", "num_class": 3}, wine, cultivar, 20, ending=".json")
    holed = holes(diabetes, 0.2, 3)
    train("gblinear-missing", {**linear, "objective": "reg:squarederror"}, diabetes, progress, 20, rows=sample(holed))
    forest = {"num_parallel_tree": 6, "subsample": 0.7, "colsample_bynode": 0.7, "learning_rate": 1, "max_depth": 4}
    train("forest", {**forest, "objective": "multi:softprob", "num_class": 3}, wine, cultivar, 1)
    train("boosted-forest", {**forest, "learning_rate": 0.3, "objective": "reg:squarederror"}, diabetes, progress, 3)
    cut = int(len(diabetes) * 0.6)
    held = xgb.DMatrix(diabetes[cut:], progress[cut:])
    train(
        "early-stopped",
        {"objective": "reg:squarederror", "max_depth": 5, "learning_rate": 0.8},
        diabetes[:cut],
        progress[:cut],
        30,
        evals=[(held, "held")],
        early_stopping_rounds=5,
        verbose_eval=False,
    )
    one = xgb.DMatrix(diabetes, np.full(len(diabetes), 4.0))
    finish("stump-free", xgb.train({**COMMON, "objective": "reg:squarederror"}, one, 2), sample(diabetes, 3), ".json")


def categorical():
    random = np.random.default_rng(11)
    count = 400
    color = random.integers(0, 40, count).astype(float)
    size = random.normal(size=count)
    shape = random.integers(0, 3, count).astype(float)
    label = (np.sin(color) + size * 0.3 + (shape == 1) > 0.4).astype(int)
    color[random.random(count) < 0.1] = np.nan
    data = np.column_stack([color, size, shape])
    kinds = ["c", "float", "c"]
    strange = np.array([[-1.0, 0.2, 1], [39.0, 0.2, 2.0], [17.0, np.nan, 0], [np.nan, 1, np.nan], [5.9, -1, 1]])
    rows = np.vstack([sample(data, 10), strange])
    params = {"objective": "binary:logistic", "max_depth": 4, "max_cat_to_onehot": 4}
    names = ["color", "size", "shape"]
    for name, ending in [("categorical", ".ubj"), ("categorical-json", ".json")]:
        matrix = xgb.DMatrix(data, label, feature_names=names, feature_types=kinds, enable_categorical=True, nthread=1)
        booster = xgb.train({**COMMON, **params}, matrix, 8)
        path = model_path(FOLDER, name, ending)
        booster.save_model(path)
        loaded = xgb.Booster(params={"nthread": 1}, model_file=bytearray(path.read_bytes()))
        answers = []
        kept = []
        for row in rows:
            question = xgb.DMatrix(row[None, :], feature_names=names, feature_types=kinds, enable_categorical=True, nthread=1)
            try:
                answers.append(loaded.predict(question)[0])
                kept.append(row)
            except xgb.core.XGBoostError as refused:
                print(name, plain(row), str(refused).splitlines()[0][:160])
        write_case(FOLDER, name, np.array(kept), np.array(answers), featureNames=names)


if __name__ == "__main__":
    classification()
    regression()
    boosters()
    categorical()
