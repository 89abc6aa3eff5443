#!/usr/bin/env python3
"""Fills MLflow's own server, imports it with mlctl and compares both through MLflow's client.

usage: tests/compat/mlflow_import.py --mlflow PROGRAM --bin DIR [--runs N] [--points N] [--mib N]

The import is killed in the middle and run again; then once more, which must change nothing. Prints
each difference and how fast it was; ends with 0 only if there is none.
"""

import argparse
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import hostile_mlflow
import servers

# What differs on purpose: numbers of experiments and what is named by them.
PLACES = {"artifact_uri", "artifact_location", "experiment_id", "source"}


def fill(client, folder, arguments):
    """What a team leaves behind; returns the ids of runs that are looked at one by one."""
    from mlflow.entities import (Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param,
                                 RunTag)
    churn = client.create_experiment("churn", tags={"team": "crm", "mlflow.note.content": "Über"})
    for number in range(arguments.runs):
        run = client.create_run(churn, start_time=1_700_000_000_000 + number,
                                run_name=f"run {number}", tags={"mlflow.user": "ann"})
        points = [Metric(f"m{key}", 1 / (step + key + 1), 1_700_000_000_000 + step, step)
                  for key in range(5) for step in range(arguments.points)]
        for at in range(0, len(points), 1000):
            client.log_batch(run.info.run_id, points[at:at + 1000])
        client.log_batch(run.info.run_id, params=[Param(f"p{i}", str(i * number)) for i in range(10)],
                         tags=[RunTag("kind", f"k{number % 3}")])
        client.log_text(run.info.run_id, f"text {number}\n" * 50, "notes/a b.txt")
        client.set_terminated(run.info.run_id, ["FINISHED", "FAILED", "KILLED"][number % 3],
                              1_700_000_100_000 + number)
    odd = client.create_experiment("odd/ünïcode")
    run = client.create_run(odd, run_name="odd").info.run_id
    values = [float("nan"), float("inf"), -float("inf"), -0.0, 5e-324, 0.1]
    client.log_batch(run, [Metric("odd", value, 1000 + i, i - 3) for i, value in enumerate(values)])
    client.log_batch(run, [Metric("odd", 7.0, 1000, 0), Metric("odd", float("nan"), 1001, 0)])
    client.log_param(run, "long", "x" * 6000)
    client.set_tag(run, "long", "é" * 3000)
    for at in range(0, 30000, 1000):  # more than a page of a history
        client.log_batch(run, [Metric("many", i * .5, i, i) for i in range(at, at + 1000)])
    big = folder / "big.bin"
    big.write_bytes(os.urandom(arguments.mib << 20))
    client.log_artifact(run, str(big), "model")
    client.log_text(run, "flavors: {}\n", "model/MLmodel")
    client.log_text(run, "", "empty.txt")
    client.log_inputs(run, [DatasetInput(
        Dataset("retail", "d1", "local", "retail.csv", '{"s": 1}', None),
        [InputTag("mlflow.data.context", "training")])])
    child = client.create_run(odd, tags={"mlflow.parentRunId": run}).info.run_id  # stays RUNNING
    model = client.create_logged_model(odd, "net", source_run_id=run, tags={"a": "b"},
                                       params={"depth": "3"}, model_type="classifier")
    (folder / "MLmodel").write_text("flavors: {net: {}}\n")
    client.log_model_artifact(model.model_id, str(folder / "MLmodel"))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run, [LoggedModelOutput(model.model_id, 5)])
    client.create_logged_model(odd, "pending")
    client.set_terminated(run)
    gone = client.create_run(odd, run_name="deleted").info.run_id
    client.log_metric(gone, "loss", 1.5)
    client.delete_run(gone)
    old = client.create_experiment("old")
    client.log_metric(client.create_run(old).info.run_id, "loss", 2)
    client.delete_experiment(old)
    client.create_registered_model("net", tags={"team": "crm"}, description="a net")
    for number in range(1, 5):
        source = f"models:/{model.model_id}" if number == 3 else f"runs:/{run}/model"
        extra = {"model_id": model.model_id} if number == 3 else {}
        client.create_model_version("net", source, run, tags={"n": str(number)},
                                    description=f"version {number}", **extra)
    client.create_model_version(
        "net", client.get_run(run).info.artifact_uri + "/model", run)
    client.delete_model_version("net", "2")
    client.transition_model_version_stage("net", "1", "Archived")
    client.transition_model_version_stage("net", "4", "Production")
    client.set_registered_model_alias("net", "champion", "3")
    client.create_registered_model("copies")
    client.copy_model_version("models:/net/4", "copies")
    return child


def files_of(artifacts, path=None):
    """SHA-256 by path of everything below."""
    found = {}
    for entry in artifacts["list"](path):
        if entry.is_dir:
            found.update(files_of(artifacts, entry.path))
        else:
            found[entry.path] = hashlib.sha256(
                pathlib.Path(artifacts["fetch"](entry.path)).read_bytes()).hexdigest()
    return found


def plain(entity):
    return {key: value for key, value in dict(entity).items() if key not in PLACES}


def look_at_run(client, run, folder):
    run = client.get_run(run.info.run_id)
    run_id = run.info.run_id
    histories = {key: sorted((p.step, p.timestamp, repr(p.value + 0.0))
                             for p in client.get_metric_history(run_id, key))
                 for key in run.data.metrics}
    inputs = sorted(json.dumps(item.to_dictionary(), sort_keys=True)
                    for item in run.inputs.dataset_inputs)
    outputs = sorted((item.model_id, item.step) for item in (run.outputs.model_outputs
                                                             if run.outputs else []))
    artifacts = {"list": lambda path: client.list_artifacts(run_id, path),
                 "fetch": lambda path: client.download_artifacts(run_id, path, folder)}
    return {"info": plain(run.info), "params": run.data.params, "tags": run.data.tags,
            "histories": histories, "inputs": inputs, "outputs": outputs,
            "files": files_of(artifacts)}


def look_at_model(model):
    told = model.to_dictionary()
    return {key: told.get(key) or "" for key in
            ("model_id", "name", "model_type", "source_run_id", "status", "tags", "params")}


def look_at_version(client, name, number, folder):
    from mlflow.artifacts import download_artifacts
    version = client.get_model_version(name, number)
    at = pathlib.Path(download_artifacts(f"models:/{name}/{number}", dst_path=folder,
                                         tracking_uri=client.tracking_uri))
    digests = {str(p.relative_to(at)): hashlib.sha256(p.read_bytes()).hexdigest()
               for p in sorted(at.rglob("*")) if p.is_file()}
    return {"stage": version.current_stage, "tags": version.tags, "run": version.run_id,
            "description": version.description or "", "aliases": sorted(version.aliases),
            "files": digests}


def look(address):
    """Everything that MLflow's client sees at an address."""
    import mlflow
    from mlflow import MlflowClient
    from mlflow.entities import ViewType
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    client = MlflowClient(address, address)
    seen = {}
    for experiment in client.search_experiments(ViewType.ALL):
        name = experiment.name
        seen[f"experiment {name}"] = {"tags": experiment.tags, "stage": experiment.lifecycle_stage}
        token = None
        while True:
            page = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL,
                                      max_results=500, page_token=token)
            for run in page:
                with tempfile.TemporaryDirectory() as folder:
                    seen[f"run {run.info.run_id}"] = dict(look_at_run(client, run, folder), of=name)
            token = page.token
            if not token:
                break
        for model in client.search_logged_models([experiment.experiment_id]):
            seen[f"logged model {model.model_id}"] = look_at_model(model)
    for model in client.search_registered_models():
        seen[f"model {model.name}"] = {"tags": model.tags, "description": model.description or "",
                                       "aliases": model.aliases}
        for version in client.search_model_versions(f"name='{model.name}'"):
            with tempfile.TemporaryDirectory() as folder:
                seen[f"version {model.name} {version.version}"] = look_at_version(
                    client, model.name, version.version, folder)
    return seen


def differences(ours, theirs, where=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(set(ours) | set(theirs), key=str):
            yield from differences(ours.get(key), theirs.get(key), f"{where} / {key}")
    elif ours != theirs:
        yield f"{where}: MLflow has {str(theirs)[:200]}, Cairn has {str(ours)[:200]}"


def start_cairn(binaries, folder):
    http, grpc = servers.free_port(), servers.free_port()
    program = str(pathlib.Path(binaries).resolve() / "cairnd")
    server = servers.Server("cairn", [program, "--data-dir", str(folder / "data"), "--log-level",
                                      "error", "--grpc-address", f"127.0.0.1:{grpc}",
                                      "--http-address", f"127.0.0.1:{http}"], http, folder)
    server.grpc = f"127.0.0.1:{grpc}"
    return server


def importing(arguments, source, cairn, report):
    program = str(pathlib.Path(arguments.bin).resolve() / "mlctl")
    return [program, "import", "mlflow", source, "--server", cairn.grpc, "--report",
            str(report), "-o", "table"]


def cut_short(command, cairn, runs):
    """Kills an import once it has made some runs."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        status, answer = cairn.call("POST", "/api/2.0/mlflow/runs/search",
                                    {"experiment_ids": ["1"], "max_results": 1000})
        if status == 200 and len(answer.get("runs", [])) >= runs:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.02)
    return False


def rates(report, seconds):
    new = report["new"]
    return (f"{new['runs'] / seconds:.1f} runs/s, {new['points'] / seconds:.0f} points/s, "
            f"{new['bytes'] / seconds / (1 << 20):.1f} MiB/s: {new['runs']} runs, {new['points']} "
            f"points, {new['files']} files, {new['bytes']} bytes in {seconds:.1f} s")


def check(arguments, folder):
    from mlflow import MlflowClient
    source = servers.start_mlflow(pathlib.Path(arguments.mlflow).resolve(), folder)
    cairn = start_cairn(arguments.bin, folder)
    wrong = 0
    try:
        cairn.wait(30)
        source.wait(120)
        began = time.monotonic()
        child = fill(MlflowClient(source.base, source.base), folder, arguments)
        print(f"import: filled in {time.monotonic() - began:.1f} s; run {child} stays open")
        report = folder / "report.json"
        command = importing(arguments, source.base, cairn, report)
        print("import: killed in the middle:", cut_short(command, cairn, arguments.runs // 3))
        told = {}
        for turn in ("resumed", "again", "rechecked"):
            began = time.monotonic()
            more = ["--recheck"] if turn == "rechecked" else []
            done = subprocess.run(command + more, capture_output=True, text=True, timeout=900)
            seconds = time.monotonic() - began
            if not report.exists():
                print(done.stdout, done.stderr)
                return 1
            told = json.loads(report.read_text())
            print(f"import: {turn}: exit {done.returncode}, {rates(told, seconds)}")
            if turn == "resumed":
                print(done.stdout + done.stderr)
            new = told["new"]
            if done.returncode != 0 or (turn != "resumed" and (any(new.values()))):
                wrong += 1
                print(done.stdout + done.stderr)
        ours, theirs = look(cairn.base), look(source.base)
        for line in differences(ours, theirs):
            wrong += 1
            print("differs:", line)
        print(f"import: {len(theirs)} things compared, {wrong} differences")
    finally:
        source.stop()
        cairn.stop()
    return 1 if wrong else 0


def check_folder(arguments, folder):
    """The same of a folder of the file store, which no server reads."""
    import mlflow
    from mlflow import MlflowClient
    where = folder / "mlruns"
    cairn = start_cairn(arguments.bin, folder)
    wrong = 0
    try:
        cairn.wait(30)
        mlflow.set_tracking_uri(f"file://{where}")  # which copying asks, besides the client
        mlflow.set_registry_uri(f"file://{where}")
        fill(MlflowClient(f"file://{where}", f"file://{where}"), folder, arguments)
        report = folder / "report.json"
        for turn in ("folder", "folder again"):
            began = time.monotonic()
            done = subprocess.run(importing(arguments, str(where), cairn, report),
                                  capture_output=True, text=True, timeout=900)
            seconds = time.monotonic() - began
            print(f"import: {turn}: exit {done.returncode}")
            if done.returncode != 0:
                print(done.stdout + done.stderr)
                return 1
            print(f"import: {turn}:", rates(json.loads(report.read_text()), seconds))
        ours, theirs = look(cairn.base), look(f"file://{where}")
        for line in differences(ours, theirs):
            wrong += 1
            print("differs:", line)
        print(f"import: folder: {len(theirs)} things compared, {wrong} differences")
    finally:
        cairn.stop()
    return 1 if wrong else 0


def check_hostile(arguments, folder):
    """Of a server that means no good only what is harmless comes over, and the rest is told."""
    source, address = hostile_mlflow.start()
    cairn = start_cairn(arguments.bin, folder)
    try:
        cairn.wait(30)
        report = folder / "report.json"
        done = subprocess.run(importing(arguments, address, cairn, report), capture_output=True,
                              text=True, timeout=300)
        told = json.loads(report.read_text())
        left = " ".join(item["what"] for item in told["left_out"])
        expected = ["file ../x ", "file /etc/passwd ", "file other/escaped ", "file short.txt ",
                    "file moved.txt ", "metric x", "run ../../etc", "registered models"]
        missing = [what for what in expected if what not in left]
        files = files_of_cairn(cairn)
        right = done.returncode == 10 and not missing and files == ["ok.txt"]
        right = right and not hostile_mlflow.Handler.redirected
        print(f"import: hostile: exit {done.returncode}, left out {len(told['left_out'])}, not told "
              f"{missing}, files {files}, redirections followed "
              f"{len(hostile_mlflow.Handler.redirected)}")
        return 0 if right else 1
    finally:
        source.shutdown()
        cairn.stop()


def files_of_cairn(cairn):
    _, answer = cairn.call("GET", "/api/2.0/mlflow/artifacts/list",
                           {"run_id": hostile_mlflow.RUN})
    return [file["path"] for file in answer.get("files", [])]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mlflow", required=True)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--points", type=int, default=200, help="of each of five metrics of a run")
    parser.add_argument("--mib", type=int, default=16, help="of the largest file")
    arguments = parser.parse_args()
    sys.path.insert(0, str(pathlib.Path(arguments.mlflow).resolve().parent))
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    wrong = 0
    for part in (check_hostile, check, check_folder):
        with tempfile.TemporaryDirectory(prefix="cairn-import-") as folder:
            wrong |= part(arguments, pathlib.Path(folder))
    return wrong


if __name__ == "__main__":
    sys.exit(main())
