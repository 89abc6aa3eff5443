#!/usr/bin/env python3
"""The pipeline's work with pandas and scikit-learn, as the other side of the comparison.

usage: pandas_sweep.py TRANSACTIONS.csv FEATURES.csv [default|classic]

Reads and cleans the transactions, computes the features that vectorise well, then takes the
finished FEATURES.csv for the rest, so that both sides train on the same rows: isolation forest,
scaling, projection, and the whole sweep with its indices. Nothing is logged anywhere, which
flatters this side. Prints one JSON object with seconds; exits with 77 without the libraries.
"""

import json
import sys
import time

begin = time.perf_counter()
try:
    import numpy as np
    import pandas as pd
    from sklearn import metrics
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.ensemble import IsolationForest
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)
seconds = {"import": time.perf_counter() - begin}


def timed(name, work):
    start = time.perf_counter()
    result = work()
    seconds[name] = time.perf_counter() - start
    return result


def read_and_clean(path):
    frame = pd.read_csv(path, encoding="utf-8", dtype={"InvoiceNo": str, "StockCode": str})
    frame["InvoiceDate"] = pd.to_datetime(frame["InvoiceDate"])
    frame = frame.dropna(subset=["CustomerID", "Description"])
    frame = frame.drop_duplicates(
        subset=["InvoiceNo", "StockCode", "Description", "CustomerID", "Quantity"])
    frame = frame[frame["StockCode"].str.count(r"\d") > 1]
    frame = frame[~frame["Description"].isin(["Next Day Carriage", "High Resolution Image"])]
    return frame[frame["UnitPrice"] > 0].copy()


def some_features(frame):
    frame["Spend"] = frame["Quantity"] * frame["UnitPrice"]
    frame["Day"] = frame["InvoiceDate"].dt.date
    groups = frame.groupby("CustomerID")
    out = groups.agg(last=("Day", "max"), transactions=("InvoiceNo", "nunique"),
                     quantity=("Quantity", "sum"), spend=("Spend", "sum"),
                     products=("StockCode", "nunique"))
    frame["Month"] = frame["InvoiceDate"].dt.to_period("M")
    monthly = frame.groupby(["CustomerID", "Month"])["Spend"].sum()
    return out.join(monthly.groupby("CustomerID").agg(["mean", "std"]))


def points(grid):
    if grid == "default":
        return [(k, 1, 300, "k-means++", 42 + seed) for k in range(2, 13) for seed in range(5)]
    return [(k, n, m, init, 42) for k in (3, 4, 8) for init in ("k-means++", "random")
            for n in (1, 2, 5, 10, 20, 50) for m in (100, 250, 500, 1000)]


def main(transactions, features_path, grid):
    frame = timed("read_and_clean", lambda: read_and_clean(transactions))
    timed("features", lambda: some_features(frame))
    features = pd.read_csv(features_path, index_col=0)
    forest = timed("outliers", lambda: IsolationForest(
        n_estimators=100, contamination=0.05, random_state=42).fit_predict(features))
    kept = features[forest == 1]
    scaled = np.sign(kept) * np.log1p(np.abs(kept))
    scaled = ((scaled - scaled.mean()) / scaled.std(ddof=0).replace(0, 1)).to_numpy()
    components = timed("scale_and_project",
                       lambda: PCA(n_components=0.8, svd_solver="full").fit_transform(scaled))

    def sweep():
        for k, n_init, max_iter, init, seed in points(grid):
            labels = KMeans(k, n_init=n_init, max_iter=max_iter, init=init,
                            random_state=seed).fit_predict(components)
            metrics.silhouette_score(components, labels)
            metrics.davies_bouldin_score(components, labels)
            metrics.calinski_harabasz_score(components, labels)

    timed("sweep", sweep)
    seconds["total"] = time.perf_counter() - begin
    print(json.dumps({name: round(value, 4) for name, value in seconds.items()}))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) == 4 else "default")
