import assert from "node:assert/strict";
import { test } from "node:test";
import { commandFor, searchCommand } from "../src/text/commands.ts";

test("every kind of resource has the command that shows it", () => {
  assert.equal(commandFor("models/m/versions/3"), "mlctl describe version m@3");
  assert.equal(commandFor("models/m/channels/production"), "mlctl why m#production");
  assert.equal(commandFor("models/m"), "mlctl list versions m");
  assert.equal(commandFor("datasets/retail/versions/2"), "mlctl describe dataset retail@2");
  assert.equal(commandFor("experiments/0/runs/abc"), "mlctl describe run abc");
  assert.equal(commandFor("models/m/channels/p/decisions/1"), "mlctl history m#p -o json");
});

test("a filter is quoted so that a shell passes it on as it is", () => {
  assert.equal(
    searchCommand("experiments/0", "params.k = '3'", "metrics.silhouette desc"),
    "mlctl search runs --experiment 0 --filter 'params.k = '\\''3'\\''' --order-by 'metrics.silhouette desc'",
  );
});
