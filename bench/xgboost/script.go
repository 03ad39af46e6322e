package main

// python is the program that learns with XGBoost: the same measure as
// learnOnce. The matrix is made before the clock starts.
const python = `
import json, re, sys, time
import numpy, xgboost

prefix, trees, leaves, threads = sys.argv[1], *map(int, sys.argv[2:5])

def load(path):
    rows, columns = numpy.fromfile(path, "<i4", 2)
    rest = numpy.fromfile(path, "<f4", offset=8)
    return rest[:rows * columns].reshape(rows, columns), rest[rows * columns:]

def memory(field):
    return int(re.search(field + r":\s+(\d+)", open("/proc/self/status").read()).group(1)) << 10

train = xgboost.DMatrix(*load(prefix + ".train"), nthread=threads)
x, _ = load(prefix + ".test")
before = memory("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
settings = {
    "objective": "binary:logistic", "tree_method": "hist", "grow_policy": "lossguide",
    "max_leaves": leaves, "max_depth": 0, "max_bin": 256, "eta": 0.1, "lambda": 1,
    "min_child_weight": 1, "nthread": threads, "verbosity": 0,
}
start = time.perf_counter()
model = xgboost.train(settings, train, trees)
seconds = time.perf_counter() - start
used = memory("VmHWM") - before
scores = model.predict(xgboost.DMatrix(x, nthread=threads))
json.dump({"seconds": seconds, "bytes": used, "scores": scores.tolist()}, sys.stdout)
`
