#!/usr/bin/env python3
"""Writes a model that no preset makes: every transform, quantiles that repeat, no projection, names.

usage: make_variant.py --descriptor SET --model FILE --features CSV --out FILE

Takes a trained model for everything that is not changed. Equal arguments give equal bytes.
"""
import argparse
import hashlib
import struct

import numpy
import pandas
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TRANSFORMS = (1, 2, 3)  # IDENTITY, SIGNED_LOG, QUANTILE
QUANTILES = (2, 3, 11, 101, 1000)
SEGMENTS = 6


def message_class(descriptor_set):
    files = descriptor_pb2.FileDescriptorSet()
    with open(descriptor_set, "rb") as file:
        files.ParseFromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for one in files.file:
        pool.Add(one)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName("cairn.v1.SegmentationModel"))


def native_file(model):
    message = model.SerializeToString(deterministic=True)
    head = b"CAIRNSEG" + struct.pack("<II", 1, len(message)) + message
    return head + hashlib.sha256(head).digest()


def vary(model, features):
    random = numpy.random.default_rng(1)
    model.ClearField("projection")
    model.ClearField("cluster_sizes")
    for place, feature in enumerate(model.features):
        values = numpy.sort(features[feature.name].to_numpy(dtype="float64"))
        feature.transform = TRANSFORMS[place % len(TRANSFORMS)]
        feature.row_norm_group = (0, 0, 0, 1, 0, 2, 1)[place % 7]
        del feature.quantiles[:]
        feature.center, feature.scale = float(values.mean()), float(values.std() or 1)
        if feature.transform == 2:
            feature.center, feature.scale = 2.0, 1.5
        if feature.transform == 3:
            # Values that occur, so that many customers lie on a quantile, once or repeated.
            size = QUANTILES[place // len(TRANSFORMS) % len(QUANTILES)]
            places = numpy.linspace(len(values) // 20, len(values) - 1 - len(values) // 20, size)
            feature.quantiles.extend(float(values[int(i)]) for i in places)
            feature.center, feature.scale = 0.5, 0.3
    model.cluster_count = SEGMENTS
    del model.centers[:], model.segments[:]
    model.centers.extend(random.uniform(-1, 1, SEGMENTS * len(model.features)).tolist())
    for number in range(SEGMENTS):
        model.segments.add(name="Segment \u00fc \"%d\"" % number)


def main():
    arguments = argparse.ArgumentParser()
    for name in ("descriptor", "model", "features", "out"):
        arguments.add_argument("--" + name, required=True)
    given = arguments.parse_args()
    model = message_class(given.descriptor)()
    with open(given.model, "rb") as file:
        model.ParseFromString(file.read()[16:-32])
    vary(model, pandas.read_csv(given.features))
    with open(given.out, "wb") as file:
        file.write(native_file(model))


if __name__ == "__main__":
    main()
