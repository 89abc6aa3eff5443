#!/usr/bin/env python3
"""Scaling, correlation, PCA and isolation forests of a matrix by scikit-learn.

usage: preparation_oracle.py ROWS.txt RESULTS.txt SEEDS

ROWS.txt holds a matrix: a line "rows columns", then one line per row. RESULTS.txt receives named
matrices in the same form, each headed "name rows columns", every number with 17 digits. Forests
are fitted with the random states 0 ... SEEDS - 1; the first one is exported node by node.
"""

import sys

import numpy as np
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import Normalizer, QuantileTransformer, RobustScaler, StandardScaler


def scalers(rows):
    yield "standard", StandardScaler().fit_transform(rows)
    yield "robust", RobustScaler().fit_transform(rows)
    quantile = QuantileTransformer(n_quantiles=min(1000, len(rows)))
    yield "quantile", quantile.fit_transform(rows)
    yield "row_norm", Normalizer().fit_transform(rows)
    yield "signed_log", np.sign(rows) * np.log(1 + np.abs(rows))


def correlations(rows):
    rows = rows[:, np.ptp(rows, axis=0) > 0]
    yield "pearson", np.corrcoef(rows, rowvar=False)
    yield "spearman", spearmanr(rows).correlation


def pca(rows):
    fitted = PCA(svd_solver="full").fit(rows)
    components = fitted.components_
    # Releases before 1.5 decide the sign by the left singular vectors.
    largest = np.argmax(np.abs(components), axis=1)
    signs = np.sign(components[np.arange(len(components)), largest])
    yield "pca_mean", fitted.mean_[np.newaxis]
    yield "pca_components", components * signs[:, np.newaxis]
    yield "pca_variance", fitted.explained_variance_[np.newaxis]
    yield "pca_ratio", fitted.explained_variance_ratio_[np.newaxis]


def exported_trees(forest):
    """One line per node: tree, left, right, feature, threshold, rows."""
    for number, estimator in enumerate(forest.estimators_):
        tree = estimator.tree_
        leaf = tree.children_left == -1
        yield np.column_stack([
            np.full(tree.node_count, number),
            tree.children_left,
            tree.children_right,
            np.where(leaf, -1, tree.feature),
            np.where(leaf, 0, tree.threshold),
            tree.n_node_samples,
        ])


def forests(rows, seeds):
    scores = []
    for seed in range(seeds):
        forest = IsolationForest(contamination=0.05, random_state=seed).fit(rows)
        scores.append(forest.score_samples(rows))
        if seed == 0:
            yield "forest_trees", np.concatenate(list(exported_trees(forest)))
            yield "forest_sample_size", np.array([[forest.max_samples_]])
            yield "forest_offset", np.array([[forest.offset_]])
            yield "forest_outliers", (forest.predict(rows) == -1)[np.newaxis].astype(float)
    yield "forest_scores", np.array(scores)


def write(file, name, matrix):
    file.write("%s %d %d\n" % (name, matrix.shape[0], matrix.shape[1]))
    for row in matrix:
        file.write(" ".join("%.17g" % value for value in row) + "\n")


def main():
    rows = np.loadtxt(sys.argv[1], skiprows=1, ndmin=2)
    with open(sys.argv[2], "w") as file:
        for part in (scalers(rows), correlations(rows), pca(rows), forests(rows, int(sys.argv[3]))):
            for name, matrix in part:
                write(file, name, matrix)


if __name__ == "__main__":
    main()
