#!/usr/bin/env python3
"""The classic sweep of 144 fits with scikit-learn, each logged as a run by MLflow's client.

usage: sweep.py TRACKING_URI COMPONENTS.csv

Prints one JSON object: the seconds of the fits with their indices, those of the calls that log
them, and the metrics of each run by its parameters, as scikit-learn gave them.
"""

import itertools
import json
import sys
import time

import mlflow
import numpy as np
from sklearn import metrics
from sklearn.cluster import KMeans

GRID = {"k": (3, 4, 8), "n_init": (1, 2, 5, 10, 20, 50), "max_iter": (100, 250, 500, 1000),
        "init": ("k-means++", "random")}
SEED = 42


def fit(rows, params):
    fitted = KMeans(params["k"], n_init=params["n_init"], max_iter=params["max_iter"],
                    init=params["init"], random_state=SEED).fit(rows)
    labels = fitted.labels_
    return fitted, {
        "inertia": fitted.inertia_,
        "silhouette": metrics.silhouette_score(rows, labels),
        "davies_bouldin": metrics.davies_bouldin_score(rows, labels),
        "calinski_harabasz": metrics.calinski_harabasz_score(rows, labels),
        "iterations": fitted.n_iter_,
    }


def log(params, fitted, found):
    with mlflow.start_run(run_name="-".join(str(value) for value in params.values())):
        mlflow.log_params(params | {"seed": SEED})
        mlflow.log_metrics(found)
        mlflow.log_dict({"centres": fitted.cluster_centers_.tolist()}, "centres.json")


def main(uri, path):
    rows = np.loadtxt(path, delimiter=",", skiprows=1)[:, 1:]
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("classic sweep")
    fits = logs = 0.0
    runs = {}
    for values in itertools.product(*GRID.values()):
        params = dict(zip(GRID, values))
        begin = time.perf_counter()
        fitted, found = fit(rows, params)
        fitted_at = time.perf_counter()
        log(params, fitted, found)
        fits += fitted_at - begin
        logs += time.perf_counter() - fitted_at
        runs[json.dumps(params)] = {name: float(value) for name, value in found.items()}
    json.dump({"fits": fits, "logs": logs, "runs": runs}, sys.stdout)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
