"""K-means on made data: parameters, metrics, a tag, and artifacts of a run.

usage: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python3 scikit_learn.py
"""

import mlflow
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_score

K = 4

points, _ = make_blobs(n_samples=600, centers=K, cluster_std=0.8, random_state=7)

mlflow.set_experiment("scikit-learn")
with mlflow.start_run(run_name="k-means") as run:
    mlflow.log_params({"k": K, "n_init": 10, "seed": 7})
    model = KMeans(n_clusters=K, n_init=10, random_state=7).fit(points)

    mlflow.log_metrics({"silhouette": silhouette_score(points, model.labels_), "inertia": model.inertia_})
    mlflow.set_tag("data", "made")

    sizes = [int((model.labels_ == cluster).sum()) for cluster in range(K)]
    mlflow.log_dict({"centers": model.cluster_centers_.tolist(), "sizes": sizes}, "clusters.json")
    lines = [f"| {cluster} | {size} |" for cluster, size in enumerate(sizes)]
    mlflow.log_text("\n".join(["| cluster | points |", "|---|---|", *lines]), "report/clusters.md")

print(f"run: {run.info.run_id}")
