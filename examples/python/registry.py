"""From a model that a run logs to a version with an alias, and back to predictions.

usage: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python3 registry.py
"""

import mlflow
import mlflow.sklearn
import numpy as np
from mlflow import MlflowClient
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

NAME = "example-segments"

points, _ = make_blobs(n_samples=600, centers=4, random_state=7)

mlflow.set_experiment("registry")
with mlflow.start_run() as run:
    model = KMeans(n_clusters=4, n_init=10, random_state=7).fit(points)
    mlflow.sklearn.log_model(
        model, "model", serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
    )

version = mlflow.register_model(f"runs:/{run.info.run_id}/model", NAME)
MlflowClient().set_registered_model_alias(NAME, "champion", version.version)

loaded = mlflow.pyfunc.load_model(f"models:/{NAME}@champion")
equal = np.array_equal(loaded.predict(points), model.predict(points))
print(f"version: {NAME} {version.version}")
print(f"predictions: {'equal' if equal else 'different'}")
