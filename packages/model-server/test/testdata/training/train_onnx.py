"""Makes the ONNX test models: python train_onnx.py (see requirements.txt). The answers come from onnxruntime's Python package."""

import json

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, save
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cases import ROOT, model_path, plain

FOLDER = "onnx"
V2 = {
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(int64)": "INT64",
    "tensor(int32)": "INT32",
    "tensor(uint8)": "UINT8",
    "tensor(bool)": "BOOL",
    "tensor(string)": "BYTES",
    "tensor(float16)": "FP16",
}


def tensor(name, kind, array):
    array = np.asarray(array)
    return {"name": name, "datatype": V2[kind], "shape": list(array.shape), "data": plain(array.ravel())}


def finish(name, model, feeds):
    path = model_path(FOLDER, name, ".onnx")
    save(model, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    kinds = {i.name: i.type for i in session.get_inputs()}
    outputs = []
    for spec, value in zip(session.get_outputs(), session.run(None, feeds)):
        if isinstance(value, list):  # a ZipMap: one dictionary a row
            value = np.array([list(row.values()) for row in value], dtype=np.float32)
            outputs.append(tensor(spec.name, "tensor(float)", value))
        else:
            outputs.append(tensor(spec.name, spec.type, value))
    case = {"inputs": [tensor(n, kinds[n], a) for n, a in feeds.items()], "outputs": outputs}
    (ROOT / FOLDER / f"{name}.json").write_text(json.dumps(case, separators=(",", ":")) + "\n")


def graph(name, nodes, inputs, outputs, initializers=()):
    made = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    return helper.make_model(made, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def scikit():
    iris, species = load_iris(return_X_y=True)
    rows = iris[::15].astype(np.float32)
    line = LinearRegression().fit(iris[:, :3], iris[:, 3])
    finish("linear", to_onnx(line, rows[:1, :3]), {"X": rows[:, :3]})
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(iris, species)
    finish("logistic", to_onnx(pipeline, rows[:1], options={"zipmap": False}), {"X": rows})
    finish("zipmap", to_onnx(pipeline, rows[:1]), {"X": rows})
    named = LogisticRegression(max_iter=300).fit(iris, np.array(["setosa", "versicolor", "virginica"])[species])
    finish("zipmap-text", to_onnx(named, rows[:1]), {"X": rows})


def handmade():
    random = np.random.default_rng(3)
    weights = numpy_helper.from_array(random.normal(size=(3, 2)).astype(np.float32), "w")
    two = graph(
        "two",
        [helper.make_node("MatMul", ["a", "w"], ["m"]), helper.make_node("Add", ["m", "b"], ["sum"]), helper.make_node("ReduceMax", ["sum"], ["top"], keepdims=0, axes=[1])],
        [value("a", TensorProto.FLOAT, ["batch", 3]), value("b", TensorProto.FLOAT, [1, 2])],
        [value("sum", TensorProto.FLOAT, ["batch", 2]), value("top", TensorProto.FLOAT, ["batch"])],
        [weights],
    )
    finish("two-inputs", two, {"a": random.normal(size=(4, 3)).astype(np.float32), "b": np.array([[1, -1]], np.float32)})
    one = numpy_helper.from_array(np.array(1, np.int64), "one")
    whole = graph("whole", [helper.make_node("Add", ["x", "one"], ["y"])], [value("x", TensorProto.INT64, [None])], [value("y", TensorProto.INT64, [None])], [one])
    finish("int64", whole, {"x": np.array([1, -5, 9007199254740993], np.int64)})
    same = graph(
        "same",
        [helper.make_node("Identity", ["text"], ["text_out"]), helper.make_node("Not", ["flag"], ["flag_out"]), helper.make_node("Cast", ["byte"], ["byte_out"], to=TensorProto.DOUBLE)],
        [value("text", TensorProto.STRING, [None, 1]), value("flag", TensorProto.BOOL, [None]), value("byte", TensorProto.UINT8, [2, 2])],
        [value("text_out", TensorProto.STRING, [None, 1]), value("flag_out", TensorProto.BOOL, [None]), value("byte_out", TensorProto.DOUBLE, [2, 2])],
    )
    feeds = {"text": np.array([["a"], ["größe"], [""]], dtype=object), "flag": np.array([True, False]), "byte": np.array([[0, 1], [2, 255]], np.uint8)}
    finish("text-bool-bytes", same, feeds)
    half = graph("half", [helper.make_node("Mul", ["x", "x"], ["y"])], [value("x", TensorProto.FLOAT16, [None])], [value("y", TensorProto.FLOAT16, [None])])
    finish("half", half, {"x": np.array([0.5, -3, 1.25], np.float16)})
    kernel = numpy_helper.from_array(random.normal(size=(2, 1, 3, 3)).astype(np.float32), "k")
    picture = graph("picture", [helper.make_node("Conv", ["image", "k"], ["map"])], [value("image", TensorProto.FLOAT, [None, 1, 5, 5])], [value("map", TensorProto.FLOAT, [None, 2, 3, 3])], [kernel])
    finish("image", picture, {"image": random.normal(size=(2, 1, 5, 5)).astype(np.float32)})


if __name__ == "__main__":
    scikit()
    handmade()
