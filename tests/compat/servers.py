"""The two servers that are compared: MLflow's own and ours, each in a folder of its own."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that serves MLflow's REST API at `base` until it is stopped."""

    def __init__(self, name, command, port, folder):
        self.name = name
        self.base = f"http://127.0.0.1:{port}"
        self._log = open(folder / f"{name}.log", "wb")
        self._process = subprocess.Popen(
            command, cwd=folder, stdout=self._log, stderr=self._log, start_new_session=True)

    @property
    def pid(self):
        """Of the process that was started, which is also its session."""
        return self._process.pid

    def wait(self, seconds, every=0.1):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: see its log")
            try:
                with urllib.request.urlopen(f"{self.base}/health", timeout=2):
                    return
            except OSError:
                time.sleep(every)
        raise RuntimeError(f"{self.name} does not serve within {seconds} s")

    def stop(self):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(30)
        self._log.close()

    def call(self, method, path, body=None, headers=None):
        """The status and the answer: JSON where it is, else its text."""
        data = None
        sent = dict(headers or {})
        if isinstance(body, str):
            data = body.encode()
        elif body is not None and method == "GET":
            path += "?" + urllib.parse.urlencode(body, doseq=True)
        elif body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.base + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode(errors="replace")


def start_mlflow(program, folder):
    port = free_port()
    store = ["--backend-store-uri", f"sqlite:///{folder}/store.db"]
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return Server("mlflow", [str(program), "server", *where, *store], port, folder)


def start_fasttrackml(program, folder):
    port = free_port()
    command = [str(program), "server", "--listen-address", f"127.0.0.1:{port}",
               "--database-uri", f"sqlite://{folder}/store.db"]
    return Server("fasttrackml", command, port, folder)


def start_cairn(binaries, folder):
    port = free_port()
    where = ["--grpc-address", "127.0.0.1:0", "--http-address", f"127.0.0.1:{port}"]
    store = ["--data-dir", str(folder / "data"), "--log-level", "error"]
    program = str(pathlib.Path(binaries).resolve() / "cairnd")
    return Server("cairn", [program, *store, *where], port, folder)
