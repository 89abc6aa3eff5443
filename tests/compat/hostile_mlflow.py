"""A server of MLflow that means no good: names that lead out, circles, redirections, deep JSON."""

import http.server
import json
import threading

RUN = "a" * 32
RUNS = {"runs": [
    {"info": {"run_id": RUN, "status": "FINISHED", "start_time": 1, "end_time": 2},
     "data": {"metrics": [{"key": "x\u0001", "value": 1, "timestamp": 1, "step": 1}]}},
    {"info": {"run_id": "../../etc", "status": "FINISHED"}}]}
FILES = {"files": [{"path": "../x"}, {"path": "/etc/passwd"}, {"path": "loop", "is_dir": True},
                   {"path": "ok.txt", "file_size": 5}, {"path": "short.txt", "file_size": 50},
                   {"path": "moved.txt"}]}
BELOW = {"files": [{"path": "loop/loop", "is_dir": True}, {"path": "other/escaped"},
                   {"path": "ok.txt"}]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    redirected = []

    def log_message(self, *_):
        pass

    def answer(self, status, body, location=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        path = self.path
        if "experiments/search" in path:
            self.answer(200, {"experiments": [{"experiment_id": "1", "name": "evil"}]})
        elif "runs/search" in path:
            self.answer(200, RUNS)
        elif "artifacts/list" in path and "path=" not in path:
            self.answer(200, FILES)
        elif "artifacts/list" in path:
            self.answer(200, BELOW)
        elif "get-artifact" in path and "moved" in path:
            self.answer(302, b"", f"http://{self.headers['Host']}/elsewhere")
        elif "get-artifact" in path:
            self.answer(200, b"hello")
        elif "registered-models/search" in path:
            self.answer(200, b'{"a":' + b"[" * 200000)
        else:
            if "elsewhere" in path:
                Handler.redirected.append(path)
            self.answer(404, {"error_code": "ENDPOINT_NOT_FOUND"})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()


def start():
    """The server, and its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"
