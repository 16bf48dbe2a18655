"""Trains the scikit-learn test models: python train_sklearn.py (requirements-sklearn.txt).

Runs on every scikit-learn from 0.22 on: the models land in ../sklearn/<version>. requirements-sklearn.txt says which
versions the recorded folders were made with. What a version does not have is left out.
"""

import json
import math
import pickle
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import sklearn
from sklearn import datasets, discriminant_analysis, dummy, ensemble, linear_model, preprocessing, svm, tree
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

warnings.filterwarnings("ignore")
VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
IS_FULL = VERSION >= (1, 9)
ROOT = Path(__file__).resolve().parent.parent / "sklearn" / ".".join(map(str, VERSION))
CASES = []

IRIS, SPECIES = datasets.load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
CANCER, MALIGNANT = datasets.load_breast_cancer(return_X_y=True)
CANCER = CANCER[:, [0, 1, 4, 6, 27]]
DIABETES, PROGRESS = datasets.load_diabetes(return_X_y=True)
DIABETES = DIABETES[:, [2, 3, 5, 8]] * 10
PROGRESS = PROGRESS / 10
TWO = np.column_stack([PROGRESS, DIABETES[:, 0] * 3 + 1])
# Near the borders between classes, where a small fault shows.
BORDER = np.array([[5.9, 3.0, 4.9, 1.7], [6.0, 2.7, 5.1, 1.6], [6.3, 2.8, 5.1, 1.5], [5.4, 3.0, 4.5, 1.5], [4.9, 2.4, 3.3, 1.0], [0, 0, 0, 0]])


def holes(data, share=0.15, seed=1):
    random = np.random.RandomState(seed)
    data = np.array(data, dtype=np.float64)
    data[random.random_sample(data.shape) < share] = np.nan
    return data


def sample(data, count=10):
    return data[np.linspace(0, len(data) - 1, count).astype(int)]


def plain(value):
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value


def result(value):
    value = np.asarray(value)
    kinds = {"U": "BYTES", "O": "BYTES", "b": "BOOL", "f": "FP", "i": "INT", "u": "UINT"}
    kind = kinds[value.dtype.kind]
    datatype = kind if kind in ("BYTES", "BOOL") else kind + str(value.dtype.itemsize * 8)
    return {"datatype": datatype, "shape": list(value.shape), "data": plain(value.ravel().tolist())}


def record(name, model, inputs, file, **more):
    case = {"name": name, "file": file, "inputs": plain(np.asarray(inputs).tolist()), "predict": result(model.predict(inputs)), **more}
    if hasattr(model, "predict_proba"):
        try:
            case["proba"] = result(model.predict_proba(inputs))
        except (NotImplementedError, ValueError):
            pass
    CASES.append(case)


def save(name, model, inputs, **more):
    record(name, model, inputs, name + ".joblib", **more)
    joblib.dump(model.model if isinstance(model, Dense) else model, ROOT / (name + ".joblib"))


def train(name, make, data, target, inputs=None, **more):
    """`make` is a function, so that a version without the class or the option leaves the model out."""
    try:
        model = make()
        model.fit(data, target)
    except (AttributeError, TypeError, ValueError) as error:
        print("left out:", name, error)
        return
    save(name, model, sample(data) if inputs is None else inputs, **more)


def rows(data):
    return np.vstack([sample(data, 8), BORDER])


def linear():
    lm = linear_model
    train("linear-regression", lambda: lm.LinearRegression(), DIABETES, PROGRESS)
    train("logistic-multinomial", lambda: lm.LogisticRegression(max_iter=500), IRIS, NAMES, rows(IRIS))
    train("logistic-binary", lambda: lm.LogisticRegression(max_iter=2000), CANCER, MALIGNANT)
    train("sgd-modified-huber", lambda: lm.SGDClassifier(loss="modified_huber", random_state=1), IRIS, SPECIES, rows(IRIS))
    if VERSION < (1, 8):
        train("logistic-ovr", lambda: lm.LogisticRegression(multi_class="ovr"), IRIS, SPECIES, rows(IRIS))
        train("logistic-liblinear", lambda: lm.LogisticRegression(solver="liblinear"), IRIS, SPECIES, rows(IRIS))
        train("logistic-binary-multinomial", lambda: lm.LogisticRegression(multi_class="multinomial", max_iter=2000), CANCER, MALIGNANT)
        train("logistic-newton-cholesky", lambda: lm.LogisticRegression(solver="newton-cholesky"), IRIS, SPECIES, rows(IRIS))
    train("ridge-classifier", lambda: lm.RidgeClassifier(), IRIS, NAMES, rows(IRIS))
    if not IS_FULL:
        return
    train("linear-regression-outputs", lambda: lm.LinearRegression(), DIABETES, TWO)
    train("linear-regression-column", lambda: lm.LinearRegression(), DIABETES, PROGRESS.reshape(-1, 1))
    train("linear-regression-float32", lambda: lm.LinearRegression(), DIABETES.astype(np.float32), PROGRESS.astype(np.float32), sample(DIABETES))
    train("linear-regression-no-intercept", lambda: lm.LinearRegression(fit_intercept=False), DIABETES, PROGRESS)
    train("ridge", lambda: lm.Ridge(alpha=0.5), DIABETES, PROGRESS)
    train("ridge-cv", lambda: lm.RidgeCV(), DIABETES, PROGRESS)
    train("lasso", lambda: lm.Lasso(alpha=0.1), DIABETES, PROGRESS)
    train("elastic-net", lambda: lm.ElasticNet(alpha=0.1), DIABETES, PROGRESS)
    train("bayesian-ridge", lambda: lm.BayesianRidge(), DIABETES, PROGRESS)
    train("huber", lambda: lm.HuberRegressor(), DIABETES, PROGRESS)
    train("poisson", lambda: lm.PoissonRegressor(), DIABETES, PROGRESS)
    train("tweedie", lambda: lm.TweedieRegressor(power=1.5), DIABETES, PROGRESS)
    train("sgd-regressor", lambda: lm.SGDRegressor(random_state=1), DIABETES, PROGRESS)
    train("linear-svr", lambda: svm.LinearSVR(random_state=1, max_iter=10000), DIABETES, PROGRESS)
    train("logistic-cv", lambda: lm.LogisticRegressionCV(cv=3, Cs=2, max_iter=500), IRIS, SPECIES, rows(IRIS))
    train("ridge-classifier-binary", lambda: lm.RidgeClassifier(), CANCER, MALIGNANT)
    train("sgd-log", lambda: lm.SGDClassifier(loss="log_loss", random_state=1), IRIS, SPECIES, rows(IRIS))
    train("sgd-hinge", lambda: lm.SGDClassifier(random_state=1), CANCER, MALIGNANT == 1)
    train("sgd-sparse", lambda: SparsifiedSgd(), IRIS, SPECIES, rows(IRIS))
    train("perceptron", lambda: lm.Perceptron(random_state=1), IRIS, SPECIES, rows(IRIS))
    train("linear-svc", lambda: svm.LinearSVC(random_state=1), IRIS, SPECIES, rows(IRIS))
    train("linear-svc-binary", lambda: svm.LinearSVC(random_state=1), CANCER, MALIGNANT.astype(np.float64))
    train("linear-discriminant", lambda: discriminant_analysis.LinearDiscriminantAnalysis(), IRIS, NAMES, rows(IRIS))


def SparsifiedSgd():
    model = linear_model.SGDClassifier(loss="log_loss", penalty="l1", random_state=1)
    fit = model.fit
    model.fit = lambda data, target: fit(data, target) and vars(model).pop("fit") and model.sparsify()
    return model


def machines():
    some = slice(None, None, 2)
    train("svc-rbf", lambda: svm.SVC(gamma="scale"), IRIS, SPECIES, rows(IRIS))
    train("svc-probability", lambda: svm.SVC(probability=True, random_state=1), IRIS[some], NAMES[some], rows(IRIS))
    train("svc-binary-probability", lambda: svm.SVC(probability=True, random_state=1), CANCER[::8], MALIGNANT[::8])
    train("svr-rbf", lambda: svm.SVR(C=10), DIABETES[::4], PROGRESS[::4])
    if not IS_FULL:
        return
    train("svc-linear", lambda: svm.SVC(kernel="linear"), IRIS, SPECIES, rows(IRIS))
    train("svc-poly", lambda: svm.SVC(kernel="poly", degree=3, coef0=0.5), IRIS, SPECIES, rows(IRIS))
    train("svc-sigmoid", lambda: svm.SVC(kernel="sigmoid", gamma=0.01), IRIS, SPECIES, rows(IRIS))
    train("svc-break-ties", lambda: svm.SVC(break_ties=True), IRIS, SPECIES, rows(IRIS))
    train("svc-sparse", lambda: SparseFit(svm.SVC(kernel="rbf")), IRIS[some], SPECIES[some], rows(IRIS))
    train("svc-sparse-poly", lambda: SparseFit(svm.SVC(kernel="poly")), IRIS[some], SPECIES[some], rows(IRIS))
    train("nu-svc", lambda: svm.NuSVC(nu=0.3, probability=True, random_state=1), IRIS[some], SPECIES[some], rows(IRIS))
    train("svr-poly", lambda: svm.SVR(kernel="poly"), DIABETES[::4], PROGRESS[::4])
    train("nu-svr", lambda: svm.NuSVR(kernel="linear"), DIABETES[::4], PROGRESS[::4])
    train("one-class", lambda: OnlyData(svm.OneClassSVM(nu=0.2)), IRIS, SPECIES, rows(IRIS))
    digits, digit = datasets.load_digits(return_X_y=True)
    train("svc-ten-classes", lambda: svm.SVC(C=0.1, probability=True, random_state=1), digits[:200, 20:30], digit[:200], digits[200:210, 20:30])


def SparseFit(model):
    from scipy.sparse import csr_matrix

    fit = model.fit
    model.fit = lambda data, target: fit(csr_matrix(data), target) and vars(model).pop("fit")
    return Dense(model)


class Dense:
    """A model that was fitted on a sparse matrix; it wants sparse rows, and the answers are the same."""

    def __init__(self, model):
        self.model = model
        self.fit = model.fit

    def predict(self, data):
        from scipy.sparse import csr_matrix

        return self.model.predict(csr_matrix(data))


def OnlyData(model):
    fit = model.fit
    model.fit = lambda data, target: fit(data) and vars(model).pop("fit")
    return model


def trees():
    small = {"random_state": 1, "max_depth": 3}
    forest = {**small, "n_estimators": 5}
    train("tree-classifier", lambda: tree.DecisionTreeClassifier(**small), IRIS, NAMES, rows(IRIS))
    train("tree-regressor", lambda: tree.DecisionTreeRegressor(**small), DIABETES, PROGRESS)
    train("random-forest-classifier", lambda: ensemble.RandomForestClassifier(**forest), IRIS, NAMES, rows(IRIS))
    train("random-forest-regressor", lambda: ensemble.RandomForestRegressor(**forest), DIABETES, PROGRESS)
    train("extra-trees-classifier", lambda: ensemble.ExtraTreesClassifier(**forest), CANCER, MALIGNANT)
    train("gradient-boosting-binary", lambda: ensemble.GradientBoostingClassifier(**forest), CANCER, MALIGNANT)
    train("gradient-boosting-multiclass", lambda: ensemble.GradientBoostingClassifier(**forest), IRIS, NAMES, rows(IRIS))
    train("gradient-boosting-exponential", lambda: ensemble.GradientBoostingClassifier(loss="exponential", **forest), CANCER, MALIGNANT)
    train("gradient-boosting-regressor", lambda: ensemble.GradientBoostingRegressor(**forest), DIABETES, PROGRESS)
    train("tree-missing", lambda: tree.DecisionTreeClassifier(**small), holes(IRIS), SPECIES)
    train("random-forest-missing", lambda: ensemble.RandomForestRegressor(**forest), holes(DIABETES), PROGRESS)
    if not IS_FULL:
        return
    labels = np.column_stack([SPECIES, SPECIES == 1])
    train("tree-classifier-outputs", lambda: tree.DecisionTreeClassifier(**small), IRIS, labels, rows(IRIS), proba=None)
    train("random-forest-equal-outputs", lambda: ensemble.RandomForestClassifier(**forest), IRIS, np.column_stack([SPECIES, SPECIES[::-1]]), rows(IRIS))
    train("tree-regressor-outputs", lambda: tree.DecisionTreeRegressor(**small), DIABETES, TWO)
    train("random-forest-regressor-outputs", lambda: ensemble.RandomForestRegressor(**forest), DIABETES, TWO)
    train("extra-tree", lambda: tree.ExtraTreeClassifier(**small), IRIS, SPECIES, rows(IRIS))
    train("extra-trees-regressor", lambda: ensemble.ExtraTreesRegressor(**forest), DIABETES, PROGRESS)
    train("extra-trees-missing", lambda: ensemble.ExtraTreesClassifier(**forest), holes(IRIS), SPECIES)
    train("tree-best-first", lambda: tree.DecisionTreeRegressor(max_leaf_nodes=9, random_state=1), DIABETES, PROGRESS)
    train("tree-pruned", lambda: tree.DecisionTreeRegressor(ccp_alpha=0.5, random_state=1), DIABETES, PROGRESS)
    train("gradient-boosting-zero", lambda: ensemble.GradientBoostingClassifier(init="zero", **forest), IRIS, SPECIES, rows(IRIS))
    start = linear_model.LogisticRegression(max_iter=500)
    train("gradient-boosting-init", lambda: ensemble.GradientBoostingClassifier(init=start, **forest), IRIS, SPECIES, rows(IRIS))
    ridge = linear_model.Ridge()
    train("gradient-boosting-regressor-init", lambda: ensemble.GradientBoostingRegressor(init=ridge, loss="huber", **forest), DIABETES, PROGRESS)


def histograms():
    if VERSION < (1, 0):
        return
    few = {"max_iter": 4, "max_depth": 3, "random_state": 1, "max_bins": 16}
    binary = lambda **more: ensemble.HistGradientBoostingClassifier(**few, **more)
    numbers = lambda **more: ensemble.HistGradientBoostingRegressor(**few, **more)
    codes = np.column_stack([(CANCER[:, 0] * 7).astype(int) % 12, CANCER[:, 1:4]])
    unknown = np.vstack([sample(codes, 8), [[13, 20, 0.1, 0.2], [np.nan, 20, np.nan, 0.2], [-1, 15, 0.1, 1e300]]])
    train("hist-binary", binary, holes(CANCER), MALIGNANT)
    train("hist-multiclass", binary, IRIS, NAMES, rows(IRIS))
    train("hist-regressor", numbers, DIABETES, PROGRESS)
    train("hist-poisson", lambda: numbers(loss="poisson"), DIABETES, PROGRESS)
    train("hist-categorical", lambda: binary(categorical_features=[0]), codes, MALIGNANT, sample(codes) if VERSION < (1, 4) else unknown)


def preparation():
    small = {"random_state": 1, "max_depth": 3}
    pre = preprocessing
    ridge = linear_model.Ridge
    train("pipeline-scaler-svc", lambda: make_pipeline(pre.StandardScaler(), svm.SVC()), IRIS, SPECIES, rows(IRIS))
    train("pipeline-imputer", lambda: make_pipeline(SimpleImputer(), pre.MinMaxScaler(), ridge()), holes(DIABETES), PROGRESS)
    columns = ColumnTransformer([("scale", pre.StandardScaler(), [0, 2]), ("robust", pre.RobustScaler(), slice(1, 2))], remainder="passthrough")
    train("column-transformer", lambda: make_pipeline(columns, ridge()), DIABETES, PROGRESS)
    codes = np.column_stack([np.arange(150) % 4, np.arange(150) % 3, IRIS[:, 0]])
    both = ColumnTransformer([("hot", pre.OneHotEncoder(handle_unknown="ignore"), [0]), ("code", pre.OrdinalEncoder(), [1])], remainder="passthrough")
    unseen = np.vstack([sample(codes, 6), [[9, 1, 5.5]]])
    train("encoders", lambda: make_pipeline(both, tree.DecisionTreeClassifier(**small)), codes, SPECIES, unseen)
    grid = lambda: GridSearchCV(make_pipeline(pre.StandardScaler(), tree.DecisionTreeClassifier(random_state=1)), {"decisiontreeclassifier__max_depth": [1, 3]}, cv=3)
    train("grid-search", grid, IRIS, NAMES, rows(IRIS))
    if not IS_FULL:
        return
    train("pipeline-steps", lambda: make_pipeline("passthrough", pre.MaxAbsScaler(), pre.Normalizer(), ridge()), DIABETES, PROGRESS)
    train("normalizer-l1", lambda: make_pipeline(pre.Normalizer("l1"), pre.PolynomialFeatures(2), ridge()), DIABETES, PROGRESS)
    train("polynomial-interaction", lambda: make_pipeline(pre.PolynomialFeatures(3, interaction_only=True, include_bias=False), ridge()), DIABETES, PROGRESS)
    train("polynomial-degrees", lambda: make_pipeline(pre.PolynomialFeatures((2, 3)), ridge()), DIABETES, PROGRESS)
    train("function", lambda: make_pipeline(pre.FunctionTransformer(np.log1p), ridge()), IRIS, SPECIES)
    train("min-max-clip", lambda: make_pipeline(pre.MinMaxScaler((-1, 2), clip=True), ridge()), DIABETES, PROGRESS, sample(DIABETES) * 3)
    train("imputer-median-flags", lambda: make_pipeline(SimpleImputer(strategy="median", add_indicator=True), ridge()), holes(DIABETES), PROGRESS)
    train("imputer-constant", lambda: make_pipeline(SimpleImputer(strategy="constant", fill_value=-1, missing_values=0), ridge()), np.round(DIABETES), PROGRESS)
    empty = holes(DIABETES)
    empty[:, 1] = np.nan
    train("imputer-empty", lambda: make_pipeline(SimpleImputer(), ridge()), empty, PROGRESS)
    rare = np.column_stack([np.repeat([0, 1, 2, 3, 4], [60, 50, 30, 6, 4]), IRIS[:, 0]])
    grouped = lambda **more: ColumnTransformer([("hot", pre.OneHotEncoder(min_frequency=10, handle_unknown="infrequent_if_exist", **more), [0])], remainder="passthrough")
    train("one-hot-infrequent", lambda: make_pipeline(grouped(), ridge()), rare, SPECIES, np.vstack([rare[[0, 70, 120, 141, 149]], [[8, 6]]]))
    train("one-hot-infrequent-drop", lambda: make_pipeline(grouped(drop="first"), ridge()), rare, SPECIES, np.vstack([rare[[0, 70, 120, 141, 149]], [[8, 6]]]))
    dropped = ColumnTransformer([("hot", pre.OneHotEncoder(drop="if_binary"), [0, 1])], transformer_weights={"hot": 2.0})
    train("one-hot-drop", lambda: make_pipeline(dropped, ridge()), np.column_stack([np.arange(150) % 2, np.arange(150) % 3]), SPECIES)
    gaps = np.array(codes)
    gaps[::7, 0] = np.nan
    coder = pre.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
    train("ordinal-missing", lambda: make_pipeline(coder, ridge()), gaps, SPECIES, np.vstack([gaps[[0, 1, 2, 3, 7]], [[9, 9, 9]]]))
    train("dummy", lambda: dummy.DummyClassifier(), IRIS, NAMES)
    train("dummy-regressor", lambda: dummy.DummyRegressor(strategy="median"), DIABETES, PROGRESS)


def single_precision():
    """Scalers keep float32 input as float32; a V2 request of FP32 meets that."""
    if not IS_FULL:
        return
    data = IRIS.astype(np.float32)
    for name, model in [("float32-scaler", make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())), ("float32-forest", ensemble.RandomForestClassifier(5, max_depth=3, random_state=1))]:
        model.fit(data, SPECIES)
        save(name, model, rows(data).astype(np.float32), datatype="FP32")


def tables():
    """Columns of different types, from a pandas table."""
    try:
        import pandas as pd
    except ImportError:
        return
    size = 120
    table = pd.DataFrame(
        {
            "age": holes(np.arange(size).reshape(-1, 1) % 37, 0.1).ravel(),
            "city": np.array(["Lund", "Oslo", "Riga", "Turku"])[np.arange(size) % 4],
            "size": np.arange(size) % 11 / 2,
            "kind": np.array(["a", "b"])[np.arange(size) // 3 % 2],
        }
    )
    target = (np.arange(size) % 37) + (np.arange(size) % 4) * 3 + (np.arange(size) // 3 % 2)
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), preprocessing.StandardScaler()), ["age"]),
            ("texts", make_pipeline(SimpleImputer(strategy="most_frequent"), preprocessing.OneHotEncoder(handle_unknown="ignore")), ["city", "kind"]),
        ]
    )
    model = make_pipeline(columns, linear_model.Ridge()).fit(table, target)
    some = table.iloc[[0, 5, 17, 40]].copy()
    some.iloc[1, 1] = "Paris"
    give = lambda frame: {name: plain(frame[name].tolist()) for name in frame.columns}
    CASES.append({"name": "table", "file": "table.joblib", "columns": give(some), "predict": result(model.predict(some))})
    joblib.dump(model, ROOT / "table.joblib")
    table = table.astype({"city": "category", "kind": "category"})
    hist = ensemble.HistGradientBoostingRegressor(categorical_features="from_dtype", max_iter=4, random_state=1).fit(table, target)
    some = table.iloc[[0, 5, 17, 40]]
    CASES.append({"name": "table-hist", "file": "table-hist.joblib", "columns": give(some), "predict": result(hist.predict(some))})
    joblib.dump(hist, ROOT / "table-hist.joblib")


def formats():
    """One model in every form in which it can be written."""
    folder = ROOT.parent / "formats"
    folder.mkdir(parents=True, exist_ok=True)
    model = linear_model.LogisticRegression(max_iter=500).fit(IRIS, NAMES)
    model.coef_ = np.asfortranarray(model.coef_)
    model.intercept_ = model.intercept_.astype(">f8")
    for protocol in range(6):
        (folder / f"protocol-{protocol}.pkl").write_bytes(pickle.dumps(model, protocol=protocol))
        joblib.dump(model, folder / f"protocol-{protocol}.joblib", protocol=protocol)
    for method in ["zlib", "gzip", "bz2", "xz", "lzma"]:
        joblib.dump(model, folder / f"compressed-{method}.joblib", compress=(method, 3))
    inputs = rows(IRIS)
    case = {"inputs": inputs.tolist(), "predict": result(model.predict(inputs)), "proba": result(model.predict_proba(inputs))}
    (folder / "case.json").write_text(json.dumps(case) + "\n")


def arrays():
    """Every element type, order and shape, with what it holds."""
    folder = ROOT.parent / "arrays"
    folder.mkdir(parents=True, exist_ok=True)
    held = {}
    for code in ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
        for order in "<>":
            dtype = np.dtype(order + code)
            held[order + code] = np.array([[0, 1, 1], [1, 0, 1]] if code == "b1" else [[0, 1, 2], [3, 4, 100]]).astype(dtype)
    held["fortran"] = np.asfortranarray(np.arange(24, dtype="<f8").reshape(2, 3, 4))
    held["fortran-big"] = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
    held["scalar-array"] = np.array(2.5)
    held["empty"] = np.zeros((0, 3))
    held["text"] = np.array(["", "a", "gr\u00fcn", "\U0001f600x"])
    held["text-big"] = np.array(["abc", "de"], dtype=">U3")
    held["bytes"] = np.array([b"ab", b"c"])
    held["objects"] = np.array(["x", None, 3, 2.5, True], dtype=object)
    held["structured"] = np.array([(1, 2.5, 7), (3, -4.5, 8)], dtype=[("a", "<i8"), ("b", ">f8"), ("c", "u1")])
    held["aligned"] = np.array([(1, 2.5), (3, -4.5)], dtype=np.dtype([("a", "u1"), ("b", "<f8")], align=True))
    held["strided"] = np.arange(12.0).reshape(3, 4)[:, ::2]
    held["f8-scalar"] = np.float64(1.5)
    held["i8-scalar"] = np.int64(2**62 + 1)
    held["b1-scalar"] = np.bool_(True)
    held["U-scalar"] = np.str_("h\u00e9")
    values = {name: plain(np.asarray(value).tolist()) if "scalar" not in name else value.item() for name, value in held.items()}
    values["bytes"] = ["ab", "c"]
    values["i8-scalar"] = str(held["i8-scalar"])
    for protocol in (0, 2, 4, 5):
        (folder / f"protocol-{protocol}.pkl").write_bytes(pickle.dumps(held, protocol=protocol))
        joblib.dump(held, folder / f"protocol-{protocol}.joblib", protocol=protocol)
    (folder / "expected.json").write_text(json.dumps(values) + "\n")
    python = {"int": 2**70, "neg": -(2**40), "small": -3, "float": 1e-300, "none": None, "list": [1, [2, (3, "x")]], "bytes": b"\x00\xff", "array": bytearray(b"ab"), "set": {1}, "frozen": frozenset([2]), "text": "\u00e9\n\\u0041'\"", "nan": float("inf")}
    for protocol in range(6):
        (folder / f"python-{protocol}.pkl").write_bytes(pickle.dumps(python, protocol=protocol))


def main():
    ROOT.mkdir(parents=True, exist_ok=True)
    for part in (linear, machines, trees, histograms, preparation, single_precision, tables):
        part()
    (ROOT / "cases.json").write_text(",\n".join(json.dumps(case, separators=(",", ":")) for case in CASES).join(["[\n", "\n]\n"]))
    if IS_FULL:
        formats()
        arrays()
    print(len(CASES), "models with", sklearn.__version__, "and joblib", joblib.__version__, "on", sys.version.split()[0])


if __name__ == "__main__":
    main()
