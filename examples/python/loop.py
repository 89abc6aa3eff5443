"""A training loop that logs every step without waiting for the server.

usage: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python3 loop.py

The loop is that of PyTorch; the model is a line in NumPy, so that nothing else is needed.
"""

import time

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

EPOCHS, STEPS, BATCH, RATE = 5, 40, 32, 0.1

random = np.random.default_rng(7)
truth = np.array([2.0, -1.0, 0.5])


def batch():
    x = random.normal(size=(BATCH, len(truth)))
    return x, x @ truth + random.normal(scale=0.1, size=BATCH)


mlflow.set_experiment("loop")
with mlflow.start_run() as run:
    mlflow.log_params({"epochs": EPOCHS, "batch": BATCH, "rate": RATE})
    weights = np.zeros_like(truth)
    for epoch in range(EPOCHS):
        for step in range(epoch * STEPS, (epoch + 1) * STEPS):
            x, y = batch()
            error = x @ weights - y
            gradient = 2 * x.T @ error / BATCH
            weights -= RATE * gradient
            mlflow.log_metrics(
                {"loss": float(np.mean(error**2)), "gradient": float(np.linalg.norm(gradient))},
                step=step,
                synchronous=False,
            )
        x, y = batch()
        mlflow.log_metric("validation_loss", float(np.mean((x @ weights - y) ** 2)), step=epoch)
    mlflow.flush_async_logging()

    # Many values at once are one request.
    now = int(time.time() * 1000)
    MlflowClient().log_batch(
        run.info.run_id,
        metrics=[Metric(f"weight_{i}", float(weight), now, EPOCHS * STEPS) for i, weight in enumerate(weights)],
        params=[Param("weights", str(len(weights)))],
    )

print(f"run: {run.info.run_id}")
