#!/usr/bin/env python3
"""Makes the same calls of MLflow's own server and of cairnd, and compares what they answer.

usage: tests/compat/mlflow_compat.py --mlflow PROGRAM --bin DIR [--verbose]

Prints each difference, then "N equal, N differ as they should, N differ"; ends with 0 only if the
last is 0. Ids, times and what a message says beyond its code are not compared.
"""

import argparse
import json
import pathlib
import re
import sys
import tempfile

import servers
import steps

TIMES = re.compile(r"(time|timestamp)(_ms)?$")
IDS = {"run_id", "run_uuid", "experiment_id", "artifact_uri", "artifact_location", "next_page_token"}


def part_of(answer, path):
    """The part of an answer that a path names; "*" gathers from every item of a list."""
    keys = [key for key in path.split(".") if key]
    for at, key in enumerate(keys):
        if key == "*":
            rest = ".".join(keys[at + 1:])
            return [part_of(item, rest) for item in answer] if isinstance(answer, list) else answer
        if isinstance(answer, list):
            answer = answer[int(key)] if int(key) < len(answer) else None
        else:
            answer = answer.get(key) if isinstance(answer, dict) else None
    return answer


def fill(value, kept):
    if isinstance(value, str) and value.startswith("$"):
        return kept.get(value[1:], value)
    if isinstance(value, dict):
        return {key: fill(item, kept) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, kept) for item in value]
    return value


def plain(value, key=""):
    """What is compared: ids and times only as whether they are there, lists by key in order."""
    if isinstance(value, dict):
        return {name: plain(item, name) for name, item in sorted(value.items())}
    if isinstance(value, list):
        items = [plain(item, key) for item in value]
        keyed = all(isinstance(item, dict) and "key" in item for item in items)
        return sorted(items, key=json.dumps) if keyed else items
    if key in IDS or (TIMES.search(key) and isinstance(value, int)):
        return f"<{key}>"
    return value


def seen(status, answer, only):
    if status != 200:
        code = answer.get("error_code") if isinstance(answer, dict) else None
        return {"status": status, "error_code": code}
    return {"status": status, "answer": plain(part_of(answer, only) if only else answer)}


class Comparison:
    def __init__(self, pair, verbose):
        self._pair = pair
        self._kept = [{}, {}]
        self._verbose = verbose
        self.equal = self.meant = self.different = 0

    def step(self, group, name, verb, path, body, options):
        looks, raw = [], []
        for server, kept in zip(self._pair, self._kept):
            status, answer = server.call(verb, path, fill(body, kept), options.get("headers"))
            for key, where in options.get("keep", {}).items():
                kept[key] = part_of(answer, where)
            looks.append(seen(status, answer, options.get("only", "")))
            raw.append(answer)
        if looks[0] == looks[1]:
            self.equal += 1
            if self._verbose:
                print(f"equal  {group}: {name}: {json.dumps(looks[0])[:160]}")
            return
        if "differs" in options:
            self.meant += 1
            return
        self.different += 1
        print(f"differs  {group}: {name}: {verb} {path} {json.dumps(body)[:200]}")
        for server, look, answer in zip(self._pair, looks, raw):
            told = answer.get("message", "") if isinstance(answer, dict) else answer
            print(f"    {server.name}: {json.dumps(look)[:700]} {str(told)[:160]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mlflow", required=True, type=pathlib.Path)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        pair = [servers.start_mlflow(options.mlflow.resolve(), folder),
                servers.start_cairn(options.bin, folder)]
        try:
            for server in pair:
                server.wait(120)
            comparison = Comparison(pair, options.verbose)
            for group in steps.GROUPS:
                for step in group():
                    comparison.step(group.__name__, *step)
        finally:
            for server in pair:
                server.stop()
    print(f"{comparison.equal} equal, {comparison.meant} differ as they should, "
          f"{comparison.different} differ")
    return 0 if comparison.different == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
