#!/usr/bin/env python3
"""Checks what `cairn-pipeline run --out DIR` wrote against numpy and scikit-learn.

usage: pipeline_oracle.py DIR [default|classic|standard|quantile]

From DIR/features.csv and DIR/outliers.csv the scaling, the projection and every index are computed
anew, by their definitions, and compared: prepared features within 1e-12, explained variance and
indices within 1e-9, components within 1e-8. Exits with 1 and names what differs. Without
scikit-learn it says so and exits with 77.
"""

import hashlib
import json
import os
import sys

try:
    import numpy as np
    import pandas as pd
    from sklearn import metrics
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import QuantileTransformer
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

LOGGED = [
    "Days_Since_Last_Purchase", "Total_Transactions", "Total_Products_Purchased", "Total_Spend",
    "Average_Transaction_Value", "Unique_Products_Purchased", "Average_Days_Between_Purchases",
    "Cancellation_Frequency", "Monthly_Spending_Mean", "Monthly_Spending_Std", "Spending_Trend",
]
AS_IT_IS = {"default": ["Is_UK", "Day_Of_Week"], "classic": ["Is_UK", "Day_Of_Week", "Hour"],
            "standard": [], "quantile": []}
EXTRA_COMPONENTS = {"classic": 1}  # of the preset; the others are scalings of the default one
BY_ROW = ["Total_Products_Purchased", "Average_Days_Between_Purchases", "Cancellation_Frequency"]

failures = []


def check(what, got, expected, tolerance):
    got, expected = np.asarray(got, float), np.asarray(expected, float)
    if got.shape != expected.shape:
        failures.append(f"{what}: shape {got.shape}, expected {expected.shape}")
        return
    worst = np.max(np.abs(got - expected) / np.maximum(1, np.abs(expected)), initial=0)
    print(f"{what:<42} worst {worst:.2e}  (allowed {tolerance:.0e})")
    if not worst <= tolerance:
        failures.append(f"{what}: off by {worst:.3e}")


def quantiles(fitted):
    return QuantileTransformer(n_quantiles=min(1000, len(fitted)), subsample=len(fitted)).fit(fitted)


def prepare(features, scaling):
    out = features.astype(float).copy()
    if scaling == "quantile":
        out[:] = quantiles(out.to_numpy()).transform(out.to_numpy())
        return out
    if scaling == "default":
        for column in LOGGED:
            out[column] = np.sign(out[column]) * np.log1p(np.abs(out[column]))
    rows = BY_ROW if scaling == "classic" else []
    for column in out.columns:
        if column in AS_IT_IS[scaling] or column in rows:
            continue
        deviation = out[column].std(ddof=0)
        out[column] = (out[column] - out[column].mean()) / (deviation if deviation > 0 else 1)
    if rows:
        norm = np.sqrt((out[rows] ** 2).sum(axis=1))
        out[rows] = out[rows].div(norm.replace(0, 1), axis=0)
    return out


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return value, at


def model_centers(path):
    """Field 5 (packed doubles) by field 4 of the message in model.cairnseg, read by hand."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"CAIRNSEG"
    assert hashlib.sha256(data[:-32]).digest() == data[-32:]
    at, end, fields = 16, 16 + int.from_bytes(data[12:16], "little"), {}
    while at < end:
        tag, at = varint(data, at)
        if tag & 7 == 0:
            fields[tag >> 3], at = varint(data, at)
        else:
            assert tag & 7 == 2
            size, at = varint(data, at)
            fields[tag >> 3], at = data[at:at + size], at + size
    return np.frombuffer(fields[5]).reshape(fields[4], -1)


def indices(points, labels, centers):
    sizes = np.bincount(labels)
    return {
        "silhouette": metrics.silhouette_score(points, labels),
        "davies_bouldin": metrics.davies_bouldin_score(points, labels),
        "calinski_harabasz": metrics.calinski_harabasz_score(points, labels),
        "inertia": ((points - centers[labels]) ** 2).sum(),
        "min_cluster_share": sizes.min() / len(labels),
    }


def main(folder, scaling):
    def table(name):
        return pd.read_csv(os.path.join(folder, name), index_col="CustomerID",
                           float_precision="round_trip")

    features = table("features.csv")
    kept = table("outliers.csv")["Outlier"] == 0
    prepared = prepare(features[kept], scaling)
    check("prepared.csv", table("prepared.csv"), prepared, 1e-11)

    written = table("components.csv")
    pca = PCA(svd_solver="full").fit(prepared)
    cumulative = np.cumsum(pca.explained_variance_ratio_)
    count = int(np.clip(np.searchsorted(cumulative, 0.8, side="right") + 1, 2, 8))
    count = min(count + EXTRA_COMPONENTS.get(scaling, 0), 8)
    axes = pca.components_[:count]
    signs = np.sign(axes[np.arange(count), np.abs(axes).argmax(axis=1)])
    expected = (prepared.to_numpy() - pca.mean_) @ (axes * signs[:, None]).T
    check("components.csv", written, expected, 1e-8)
    variances = written.to_numpy().var(axis=0, ddof=1)
    check("explained variance ratios", variances / prepared.to_numpy().var(axis=0, ddof=1).sum(),
          pca.explained_variance_ratio_[:count], 1e-9)

    for name, of in (("correlation", features), ("correlation_prepared", prepared)):
        correlation = pd.read_csv(os.path.join(folder, name + ".csv"),
                                  float_precision="round_trip")
        for method in ("pearson", "spearman"):
            rows = correlation[correlation["Method"] == method].drop(columns=["Method", "Feature"])
            check(f"{name}, {method}", rows.fillna(0), of.corr(method).fillna(0), 1e-9)

    with open(os.path.join(folder, "selection.json"), encoding="utf-8") as file:
        chosen_name = json.load(file)["chosen_run"]
    with open(os.path.join(folder, "runs.json"), encoding="utf-8") as file:
        chosen = next(run for run in json.load(file) if run["name"] == chosen_name)
    labels = table("labels.csv")["Segment"]
    centers = model_centers(os.path.join(folder, "model.cairnseg"))
    for name, value in indices(written.to_numpy(), labels[kept].to_numpy(), centers).items():
        check(f"chosen run, {name}", [chosen["metrics"][name]], [value], 1e-9)
    everyone = (prepare_all(features, kept, scaling) - pca.mean_) @ (axes * signs[:, None]).T
    nearest = metrics.pairwise_distances(everyone, centers).argmin(axis=1)
    check("labels.csv", labels, nearest, 0)
    odd = table("outlier_segments.csv")
    distances = metrics.pairwise_distances(everyone[~kept], centers)
    check("outlier_segments.csv, Segment", odd["Segment"], nearest[~kept], 0)
    check("outlier_segments.csv, Distance", odd["Distance"], distances.min(axis=1), 1e-9)
    for name, value in indices(everyone, labels.to_numpy(), centers).items():
        if "all_" + name in chosen["metrics"]:
            check(f"all customers, {name}", [chosen["metrics"]["all_" + name]], [value], 1e-9)

    for failure in failures:
        print("DIFFERS", failure)
    return 1 if failures else 0


def prepare_all(features, kept, scaling):
    """All customers on the scale that the kept ones were fitted to."""
    out = features.astype(float).copy()
    if scaling == "quantile":
        return quantiles(out[kept].to_numpy()).transform(out.to_numpy())
    if scaling == "default":
        for column in LOGGED:
            out[column] = np.sign(out[column]) * np.log1p(np.abs(out[column]))
    rows = BY_ROW if scaling == "classic" else []
    for column in out.columns:
        if column in AS_IT_IS[scaling] or column in rows:
            continue
        fitted = out.loc[kept, column]
        deviation = fitted.std(ddof=0)
        out[column] = (out[column] - fitted.mean()) / (deviation if deviation > 0 else 1)
    if rows:
        norm = np.sqrt((out[rows] ** 2).sum(axis=1))
        out[rows] = out[rows].div(norm.replace(0, 1), axis=0)
    return out.to_numpy()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "default"))
