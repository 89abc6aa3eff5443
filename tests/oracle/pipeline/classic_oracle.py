#!/usr/bin/env python3
"""The published figures of the preset `classic` beside scikit-learn's and Cairn's.

usage: classic_oracle.py DIR

DIR is that of `cairn-pipeline run --preset classic --out DIR` on UCI Online Retail. From
DIR/features.csv alone scikit-learn does what was published: an isolation forest (contamination 0.05,
random_state 0), the scaling of `classic`, one component more than 80 % of the variance needs, k-means
with ten starts. Of Cairn's runs of a k it takes the one in the table of `select`. Prints a table of Markdown. Without scikit-learn it says so and exits with 77.
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
MEANS = ["Days_Since_Last_Purchase", "Total_Spend", "Total_Transactions",
         "Unique_Products_Purchased"]
PUBLISHED = {"customers": "4282", "mean of Days_Since_Last_Purchase": "89.43",
             "mean of Total_Spend": "1926.13", "mean of Total_Transactions": "5.07",
             "mean of Unique_Products_Purchased": "62.29", "outliers removed": "215",
             "components": "6", "k = 4: silhouette": "0.2315", "k = 4: Davies-Bouldin": "1.349",
             "k = 4: Calinski-Harabasz": "1085.8"}


def row_of(k, inertia, smallest, largest, silhouette, davies_bouldin, calinski_harabasz):
    return {f"k = {k}: inertia": f"{inertia:.0f}",
            f"k = {k}: smallest and largest segment": f"{smallest}, {largest}",
            f"k = {k}: silhouette": f"{silhouette:.4f}",
            f"k = {k}: Davies-Bouldin": f"{davies_bouldin:.3f}",
            f"k = {k}: Calinski-Harabasz": f"{calinski_harabasz:.1f}"}


def counts_of(features, outliers, variance_ratios):
    means = {f"mean of {name}": f"{features[name].mean():.2f}" for name in MEANS}
    return {"customers": str(len(features))} | means | {
        "outliers removed": str(outliers), "components": str(len(variance_ratios)),
        "variance they explain": f"{sum(variance_ratios):.4f}"}


def by_scikit_learn(features):
    values = features.to_numpy()
    odd = IsolationForest(contamination=0.05, random_state=0).fit(values).predict(values) == -1
    kept = features[~odd].astype(float).copy()
    scaled = [name for name in kept.columns if name not in BY_ROW + AS_IT_IS]
    kept[scaled] = StandardScaler().fit_transform(kept[scaled])
    kept[BY_ROW] = normalize(kept[BY_ROW])
    rows = kept.to_numpy()
    enough = int(np.argmax(np.cumsum(PCA().fit(rows).explained_variance_ratio_) > 0.8)) + 1
    pca = PCA(n_components=enough + 1)
    points = pca.fit_transform(rows)
    out = counts_of(features, odd.sum(), pca.explained_variance_ratio_)
    for k in (3, 4, 8):
        fitted = KMeans(k, n_init=10, random_state=42).fit(points)
        labels = fitted.labels_
        sizes = np.bincount(labels)
        out |= row_of(k, fitted.inertia_, sizes.min(), sizes.max(),
                      metrics.silhouette_score(points, labels),
                      metrics.davies_bouldin_score(points, labels),
                      metrics.calinski_harabasz_score(points, labels))
    return out, features.index[odd]


def by_cairn(folder, features):
    outliers = pd.read_csv(os.path.join(folder, "outliers.csv"), index_col="CustomerID")
    odd = outliers.index[outliers["Outlier"] == 1]
    with open(os.path.join(folder, "components.csv"), encoding="utf-8") as file:
        components = file.readline().count(",")
    with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
        ratios = json.load(file)["variance_ratios"]
    out = counts_of(features, len(odd), ratios[:components])
    trained_on = len(features) - len(odd)
    with open(os.path.join(folder, "runs.json"), encoding="utf-8") as file:
        runs = {run["name"]: run["metrics"] for run in json.load(file)}
    with open(os.path.join(folder, "selection.json"), encoding="utf-8") as file:
        table = json.load(file)["table"]
    for k, name in ((row["k"], row["run"]) for row in table):
        run = runs[name]
        sizes = [round(run[f"{end}_cluster_share"] * trained_on) for end in ("min", "max")]
        out |= row_of(k, run["inertia"], *sizes, run["silhouette"], run["davies_bouldin"], run["calinski_harabasz"])
    return out, odd


def main(folder):
    features = pd.read_csv(os.path.join(folder, "features.csv"), index_col="CustomerID")
    oracle, odd_there = by_scikit_learn(features)
    cairn, odd_here = by_cairn(folder, features)
    print("| | published | scikit-learn | Cairn |\n|---|---|---|---|")
    for name, value in oracle.items():
        print(f"| {name} | {PUBLISHED.get(name, '')} | {value} | {cairn[name]} |")
    print(f"\n{len(set(odd_there) & set(odd_here))} outliers are the same")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
