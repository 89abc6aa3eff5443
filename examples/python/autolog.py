"""mlflow.sklearn.autolog(): fit() alone makes the run.

usage: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python3 autolog.py
"""

import mlflow
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

points, _ = make_blobs(n_samples=600, centers=4, random_state=7)

mlflow.set_experiment("autolog")
# Clients of version 3 log models by calls that Cairn does not have: registry.py has another way.
mlflow.sklearn.autolog(log_models=False)

KMeans(n_clusters=4, n_init=10, random_state=7).fit(points)

print(f"run: {mlflow.last_active_run().info.run_id}")
