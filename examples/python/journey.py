"""From a training run to the model in production, over gRPC with stock Python stubs.

usage: journey.py [HOST:PORT]                    (default: 127.0.0.1:50051)

CAIRN_TOKEN_FILE names a file with a token, for a server that runs with --auth.
"""

import hashlib
import math
import os
import pathlib
import sys
import uuid

import grpc
from cairn.v1 import artifacts_pb2, artifacts_pb2_grpc
from cairn.v1 import evaluations_pb2
from cairn.v1 import promotion_pb2, promotion_pb2_grpc
from cairn.v1 import registry_pb2, registry_pb2_grpc
from cairn.v1 import tracking_pb2, tracking_pb2_grpc
from cairn.v1 import watch_pb2, watch_pb2_grpc

MODEL = "python-journey"
CHANNEL = f"models/{MODEL}/channels/production"
POLICY = f"""
apiVersion: cairn/v1
kind: PromotionPolicy
metadata: {{name: {MODEL}}}
spec:
  target: {{model: {MODEL}, channel: production}}
  evidence: {{trust: reported}}
  gates:
    - {{id: silhouette-floor, metric: silhouette, pass: ">= 0.3"}}
"""


STEPS = 100


def silhouette(step):
    """What the run measures at a step."""
    return 0.45 * (1 - math.exp(-step / 20))


def metadata():
    """What each call carries: who calls, if the server asks."""
    path = os.environ.get("CAIRN_TOKEN_FILE")
    if not path:
        return []
    return [("authorization", "Bearer " + pathlib.Path(path).read_text().strip())]


def request_id():
    """A new one for each change, and the same again if that change is repeated."""
    return str(uuid.uuid4())


def log_run(channel):
    """A run with a parameter and a curve; its resource name."""
    tracking = tracking_pb2_grpc.TrackingServiceStub(channel)
    run = tracking.CreateRun(
        tracking_pb2.CreateRunRequest(
            parent="experiments/0",
            run=tracking_pb2.Run(display_name="journey"),
            request_id=request_id(),
        ),
        metadata=metadata(),
    )
    steps = range(STEPS)
    curve = tracking_pb2.MetricColumns(
        key="silhouette", steps=steps, values=[silhouette(step) for step in steps]
    )
    tracking.LogBatch(
        tracking_pb2.LogBatchRequest(run=run.name, params={"k": "4"}, metrics=[curve]),
        metadata=metadata(),
    )
    tracking.FinishRun(
        tracking_pb2.FinishRunRequest(name=run.name, state=tracking_pb2.Run.SUCCEEDED),
        metadata=metadata(),
    )
    return run.name


def register(channel, run, model_bytes):
    """A version of the model with one file, made by the run; its resource name."""
    digest = artifacts_pb2.BlobDigest(
        sha256=hashlib.sha256(model_bytes).hexdigest(), size_bytes=len(model_bytes)
    )
    blobs = artifacts_pb2_grpc.ArtifactServiceStub(channel)
    upload = artifacts_pb2.BatchUpdateBlobsRequest(entries=[{"digest": digest, "data": model_bytes}])
    for result in blobs.BatchUpdateBlobs(upload, metadata=metadata()).results:
        if result.status.code != 0:
            raise SystemExit(f"upload: {result.status.message}")
    version = registry_pb2_grpc.RegistryServiceStub(channel).CreateModelVersion(
        registry_pb2.CreateModelVersionRequest(
            parent=f"models/{MODEL}",
            model_version=registry_pb2.ModelVersion(
                run=run,
                files=[artifacts_pb2.ArtifactFile(path="model.bin", digest=digest)],
            ),
            evaluations=[
                evaluations_pb2.Evaluation(
                    values=[evaluations_pb2.EvaluationValue(metric="silhouette", value=silhouette(STEPS - 1))]
                )
            ],
            request_id=request_id(),
        ),
        metadata=metadata(),
    )
    return version.name


def promote(channel):
    """Lets the policy choose what is served, and says what it decided and why."""
    promotion = promotion_pb2_grpc.PromotionServiceStub(channel)
    promotion.ApplyPolicy(promotion_pb2.ApplyPolicyRequest(source=POLICY), metadata=metadata())
    decision = promotion.Promote(
        promotion_pb2.PromoteRequest(name=CHANNEL, request_id=request_id()), metadata=metadata()
    )
    print(f"decision: {promotion_pb2.Decision.Outcome.Name(decision.outcome)}: {decision.message}")


def follow_production(channel, heads):
    """Fetches what the channel serves, now and whenever it moves, until `heads` were fetched."""
    watch = watch_pb2_grpc.WatchServiceStub(channel)
    stream = watch.WatchChannels(
        watch_pb2.WatchChannelsRequest(resource=CHANNEL), metadata=metadata()
    )
    epoch = 0
    for response in stream:
        for head in response.channels:
            if head.epoch <= epoch:
                continue
            epoch = head.epoch
            print(f"production: {head.version}, {len(fetch(channel, head.version))} bytes verified")
            heads -= 1
        if heads <= 0:
            stream.cancel()
            return


def fetch(channel, version):
    """The bytes of the version's file, checked against the digest it is registered with."""
    registered = registry_pb2_grpc.RegistryServiceStub(channel).GetModelVersion(
        registry_pb2.GetModelVersionRequest(name=version), metadata=metadata()
    )
    wanted = registered.files[0].digest
    read = artifacts_pb2.BatchReadBlobsRequest(digests=[wanted])
    result = (
        artifacts_pb2_grpc.ArtifactServiceStub(channel)
        .BatchReadBlobs(read, metadata=metadata())
        .results[0]
    )
    if result.status.code != 0 or hashlib.sha256(result.data).hexdigest() != wanted.sha256:
        raise SystemExit(f"{version}: {result.status.message or 'other bytes than registered'}")
    return result.data


def main():
    address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"
    with grpc.insecure_channel(address) as channel:
        run = log_run(channel)
        print(f"run: {run}")
        print(f"version: {register(channel, run, b'centroids of ' + run.encode())}")
        promote(channel)
        follow_production(channel, heads=1)


if __name__ == "__main__":
    main()
