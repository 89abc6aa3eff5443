"""A sweep over k: a parent run, a child for each k, and the best of them by search_runs.

usage: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python3 nested_sweep.py
"""

import mlflow
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_score

points, _ = make_blobs(n_samples=600, centers=[(-6, 0), (0, 6), (6, 0), (0, -6)], random_state=7)

mlflow.set_experiment("nested-sweep")
with mlflow.start_run(run_name="sweep") as parent:
    for k in range(2, 8):
        with mlflow.start_run(run_name=f"k={k}", nested=True):
            model = KMeans(n_clusters=k, n_init=10, random_state=7).fit(points)
            mlflow.log_param("k", k)
            mlflow.log_metric("silhouette", silhouette_score(points, model.labels_))

    children = mlflow.search_runs(
        filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
        order_by=["metrics.silhouette DESC"],
    )
    best = children.iloc[0]
    mlflow.log_param("best_k", best["params.k"])
    mlflow.log_metric("best_silhouette", best["metrics.silhouette"])

print(children[["run_id", "params.k", "metrics.silhouette"]].to_string(index=False))
print(f"best: k={best['params.k']}")
