"""Answers of scikit-learn and NumPy to the questions of kmeans_oracle_test.cc.

Reads DIR/data.txt (a matrix), DIR/centers.txt (initial centres) and writes one file per answer.
Numbers are written so that reading them back gives the same double.
"""

import os
import sys
import warnings

os.environ["OMP_NUM_THREADS"] = "1"  # idle OpenMP threads spin, which a busy machine feels

import numpy as np
from sklearn import metrics
from sklearn.cluster import KMeans

warnings.filterwarnings("ignore")


def write(folder, name, values):
    with open(os.path.join(folder, name), "w") as out:
        for value in np.asarray(values, dtype=float).ravel():
            out.write(repr(float(value)) + "\n")


def greedy_plus_plus(data, k, state):
    """sklearn >= 1.3's choice of rows, with direct distances."""
    n = len(data)
    trials = 2 + int(np.log(k))
    chosen = [int(state.choice(n, p=np.full(n, 1 / n)))]
    closest = ((data - data[chosen[0]]) ** 2).sum(axis=1)
    for _ in range(1, k):
        draws = state.uniform(size=trials) * closest.sum()
        candidates = np.clip(np.searchsorted(np.cumsum(closest), draws), None, n - 1)
        tried = [np.minimum(closest, ((data - data[c]) ** 2).sum(axis=1)) for c in candidates]
        best = int(np.argmin([t.sum() for t in tried]))
        chosen.append(int(candidates[best]))
        closest = tried[best]
    return chosen


def main(folder, seed):
    data = np.loadtxt(os.path.join(folder, "data.txt"), ndmin=2)
    centers = np.loadtxt(os.path.join(folder, "centers.txt"), ndmin=2)
    fit = KMeans(len(centers), init=centers, n_init=1, algorithm="lloyd").fit(data)
    write(folder, "labels", fit.labels_)
    write(folder, "fitted", fit.cluster_centers_)
    write(folder, "scalars", [
        fit.inertia_,
        fit.n_iter_,
        metrics.silhouette_score(data, fit.labels_),
        metrics.davies_bouldin_score(data, fit.labels_),
        metrics.calinski_harabasz_score(data, fit.labels_),
        metrics.adjusted_rand_score(fit.labels_, np.arange(len(data)) % 5),
    ])
    write(folder, "samples", metrics.silhouette_samples(data, fit.labels_))

    state = np.random.RandomState(seed)
    write(folder, "doubles", state.random_sample(2000))
    write(folder, "integers", [state.randint(bound) for bound in range(1, 500)])
    write(folder, "permutation", state.permutation(300))
    write(folder, "choice", state.choice(40, 25, replace=False, p=np.full(40, 1 / 40)))
    write(folder, "plusplus", greedy_plus_plus(data, 6, np.random.RandomState(seed)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
