import assert from "node:assert/strict";
import { test } from "node:test";
import { pathOfMlflowLink } from "../src/text/mlflow_links.ts";

test("what MLflow's client prints leads to the same run, experiment or model", () => {
  const run = "/experiments/1/runs/422918e62b09763695836562dfe93f5c";
  assert.equal(pathOfMlflowLink(`#${run}`), run);
  assert.equal(pathOfMlflowLink(`#${run}/artifacts?x=1`), run);
  assert.equal(pathOfMlflowLink("#/experiments/1"), "/experiments/1");
  assert.equal(pathOfMlflowLink("#/experiments/1/runs"), "/experiments/1");
  assert.equal(pathOfMlflowLink("#/models/segments/versions/3"), "/models/segments/versions/3");
  assert.equal(pathOfMlflowLink("#/models/segments"), "/models/segments");
});

test("marks of our own pages and other addresses stay what they are", () => {
  for (const hash of ["", "#", "#metrics", "#/", "#/compare-runs?runs=1"]) {
    assert.equal(pathOfMlflowLink(hash), undefined);
  }
});
