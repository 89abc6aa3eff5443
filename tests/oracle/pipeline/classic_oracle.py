#!/usr/bin/env python3
"""The published figures of the preset `classic` beside scikit-learn's and Cairn's.

usage: classic_oracle.py DIR

DIR is that of `cairn-pipeline run --preset classic --out DIR` on UCI Online Retail. From
DIR/features.csv alone scikit-learn does what was published: an isolation forest (contamination 0.05,
random_state 0), the scaling of `classic`, one component more than 80 % of the variance needs, k-means
with ten starts. Prints a table of Markdown. Without scikit-learn it says so and exits with 77.
"""

import json
import os
import sys

try:
    import numpy as np
    import pandas as pd
    from sklearn import metrics
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.ensemble import IsolationForest
    from sklearn.preprocessing import StandardScaler, normalize
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

BY_ROW = ["Total_Products_Purchased", "Average_Days_Between_Purchases", "Cancellation_Frequency"]
AS_IT_IS = ["Is_UK", "Day_Of_Week", "Hour"]
PUBLISHED = {"outliers removed": "215", "components": "6", "k = 4: silhouette": "0.2315",
             "k = 4: Davies-Bouldin": "1.349", "k = 4: Calinski-Harabasz": "1085.8"}


def row_of(k, silhouette, davies_bouldin, calinski_harabasz):
    return {f"k = {k}: silhouette": f"{silhouette:.4f}",
            f"k = {k}: Davies-Bouldin": f"{davies_bouldin:.3f}",
            f"k = {k}: Calinski-Harabasz": f"{calinski_harabasz:.1f}"}


def by_scikit_learn(features):
    values = features.to_numpy()
    odd = IsolationForest(contamination=0.05, random_state=0).fit(values).predict(values) == -1
    kept = features[~odd].astype(float).copy()
    scaled = [name for name in kept.columns if name not in BY_ROW + AS_IT_IS]
    kept[scaled] = StandardScaler().fit_transform(kept[scaled])
    kept[BY_ROW] = normalize(kept[BY_ROW])
    rows = kept.to_numpy()
    enough = int(np.argmax(np.cumsum(PCA().fit(rows).explained_variance_ratio_) > 0.8)) + 1
    points = PCA(n_components=enough + 1).fit_transform(rows)
    out = {"outliers removed": str(odd.sum()), "components": str(enough + 1)}
    for k in (3, 4, 8):
        labels = KMeans(k, n_init=10, random_state=42).fit(points).labels_
        out |= row_of(k, metrics.silhouette_score(points, labels),
                      metrics.davies_bouldin_score(points, labels),
                      metrics.calinski_harabasz_score(points, labels))
    return out, features.index[odd]


def by_cairn(folder):
    outliers = pd.read_csv(os.path.join(folder, "outliers.csv"), index_col="CustomerID")
    odd = outliers.index[outliers["Outlier"] == 1]
    with open(os.path.join(folder, "components.csv"), encoding="utf-8") as file:
        out = {"outliers removed": str(len(odd)), "components": str(file.readline().count(","))}
    with open(os.path.join(folder, "runs.json"), encoding="utf-8") as file:
        runs = {run["name"]: run["metrics"] for run in json.load(file)}
    for k in (3, 4, 8):
        run = runs[f"k={k},n_init=10,max_iter=250,init=k-means++,seed=42"]
        out |= row_of(k, run["silhouette"], run["davies_bouldin"], run["calinski_harabasz"])
    return out, odd


def main(folder):
    features = pd.read_csv(os.path.join(folder, "features.csv"), index_col="CustomerID")
    oracle, odd_there = by_scikit_learn(features)
    cairn, odd_here = by_cairn(folder)
    print("| | published | scikit-learn | Cairn |\n|---|---|---|---|")
    for name, value in oracle.items():
        print(f"| {name} | {PUBLISHED.get(name, '')} | {value} | {cairn[name]} |")
    print(f"\n{len(set(odd_there) & set(odd_here))} outliers are the same")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
