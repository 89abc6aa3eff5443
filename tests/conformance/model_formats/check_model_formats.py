#!/usr/bin/env python3
"""Compares a model in the formats of others with what `cairn-pipeline predict` says of it.

usage: check_model_formats.py --predictions CSV --features CSV --onnx FILE --mlflow DIR --label TEXT

Prints one line with the largest difference; the exit status is 1 if anything differs by more than
rounding does.
"""
import argparse
import csv
import json
import logging
import os
import sys
import warnings

import numpy
import onnx
import onnxruntime
import pandas

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
import mlflow.models  # noqa: E402
import mlflow.pyfunc  # noqa: E402

TOLERANCE = 1e-9  # of distances: absolute, or relative to those above 1


def column(path, name, kind):
    with open(path, encoding="utf-8", newline="") as file:
        return numpy.array([kind(row[name]) for row in csv.DictReader(file)])


def difference(a, b):
    """The largest difference; relative where values are above 1."""
    if a.shape != b.shape or not len(a):
        raise SystemExit("shapes differ: %s and %s" % (a.shape, b.shape))
    return float(numpy.max(numpy.abs(a - b) / numpy.maximum(1.0, numpy.abs(b))))


class Check:
    def __init__(self, label):
        self.label, self.problems = label, []

    def expect(self, holds, text):
        if not holds:
            self.problems.append(text)

    def segments(self, name, found, expected, margin):
        """Equal, but for rows that are as near to two centres as rounding can tell."""
        wrong = (found != expected) & (margin > TOLERANCE)
        self.expect(not wrong.any(), "%s: %d segments differ" % (name, wrong.sum()))
        return int((found != expected).sum())


def session_of(path):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def check_table(check, path, features, segments, distances):
    """model.onnx with one table as its input. Returns (largest difference, margins)."""
    session = session_of(path)
    metadata = session.get_modelmeta().custom_metadata_map
    names = json.loads(metadata["cairn.features"])
    table = features[names].to_numpy(dtype="float64")
    found, all_distances = session.run(["segment", "distances"], {"features": table})
    check.expect(found.dtype == numpy.int64 and all_distances.dtype == numpy.float64, "types")
    nearest = numpy.sort(all_distances, axis=1)
    margin = nearest[:, 1] - nearest[:, 0] if nearest.shape[1] > 1 else nearest[:, 0] + 1
    unequal = check.segments("onnx", found, segments, margin)
    worst = difference(all_distances[numpy.arange(len(found)), segments], distances)
    check.expect(worst <= TOLERANCE, "onnx: distances differ by %g" % worst)

    alone = session.run(["distances"], {"features": table[:1]})[0]
    check.expect(difference(alone, all_distances[:1]) <= TOLERANCE, "one row alone differs")
    for bad in (numpy.nan, numpy.inf, -numpy.inf):
        spoilt = table[:2].copy()
        spoilt[1, len(names) // 2] = bad
        segment, distance = session.run(["segment", "distances"], {"features": spoilt})
        check.expect(segment[1] == -1 and numpy.isnan(distance[1]).all(), "%s is let through" % bad)
        check.expect(segment[0] == found[0], "%s spoils the row before it" % bad)
    return worst, unequal, margin


def check_mlflow(check, directory, features, segments, distances, margin):
    """The directory through mlflow.pyfunc. Returns the largest difference."""
    onnx.checker.check_model(onnx.load(os.path.join(directory, "model.onnx")), full_check=True)
    info = mlflow.models.Model.load(directory)
    names = info.get_input_schema().input_names()
    model = mlflow.pyfunc.load_model(directory)
    doubles = features.astype("float64")
    answer = model.predict(doubles[names])
    worst = difference(answer["distance"].to_numpy(), distances)
    check.expect(worst <= TOLERANCE, "mlflow: distances differ by %g" % worst)
    check.segments("mlflow", answer["segment"].to_numpy(), segments, margin)
    declared = info.get_output_schema().input_names()
    check.expect(list(answer.columns) == declared, "columns are not those of the signature")
    if "segment_name" in declared:
        session = session_of(os.path.join(directory, "model.onnx"))
        words = json.loads(session.get_modelmeta().custom_metadata_map["cairn.segments"])
        expected = [words[i] for i in answer["segment"]]
        check.expect(list(answer["segment_name"]) == expected, "names are not those of the segments")

    # Columns in another order and some too many change nothing; one too few is refused.
    mixed = doubles[list(reversed(names))].assign(Something_Else=1.0)
    check.expect(model.predict(mixed).equals(answer), "the order of the columns matters")
    try:
        model.predict(doubles[names[1:]])
        check.expect(False, "a table without %s is taken" % names[0])
    except mlflow.exceptions.MlflowException as error:
        check.expect(names[0] in str(error), "the missing column is not named")
    return worst


def main():
    arguments = argparse.ArgumentParser()
    for name in ("predictions", "features", "onnx", "mlflow", "label"):
        arguments.add_argument("--" + name, required=True)
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("mlflow").setLevel(logging.ERROR)

    features = pandas.read_csv(given.features)
    ids = column(given.predictions, "CustomerID", str)
    check = Check(given.label)
    check.expect(list(ids) == list(features.iloc[:, 0].astype(str)), "customers differ")
    segments = column(given.predictions, "Segment", int)
    distances = column(given.predictions, "Distance", float)

    worst, unequal, margin = check_table(check, given.onnx, features, segments, distances)
    worst_mlflow = check_mlflow(check, given.mlflow, features, segments, distances, margin)
    print("%s: %d customers, %d segments differ, distances differ by at most %.2g (onnx), %.2g "
          "(mlflow)" % (given.label, len(ids), unequal, worst, worst_mlflow))
    for problem in check.problems:
        print("%s: %s" % (given.label, problem), file=sys.stderr)
    return 1 if check.problems else 0


if __name__ == "__main__":
    sys.exit(main())
