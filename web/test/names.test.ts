import assert from "node:assert/strict";
import { test } from "node:test";
import { lastOf, nearestPage, pageOf, parentOf, shortened, spoken } from "../src/text/names.ts";

test("the page of a resource is its name, encoded part by part", () => {
  assert.equal(pageOf("models/m/versions/3"), "/models/m/versions/3");
  assert.equal(pageOf("models/a b?"), "/models/a%20b%3F");
});

test("a parent is what stands before the last collection", () => {
  assert.equal(parentOf("models/m/versions/3"), "models/m");
  assert.equal(parentOf("models/m/channels/p/decisions/1", 2), "models/m");
  assert.equal(lastOf("models/m/versions/3"), "3");
});

test("names are spoken as mlctl says them", () => {
  assert.equal(spoken("models/m/versions/3"), "m@3");
  assert.equal(spoken("models/m/channels/production"), "m#production");
  assert.equal(spoken("models/m/channels/production/decisions/79d47d95a85d"), "decision 79d47d95");
  assert.equal(spoken("datasets/retail/versions/2"), "retail@2");
  assert.equal(spoken("experiments/0/runs/0123456789abcdef"), "run 01234567");
  assert.equal(spoken("models/m"), "m");
});

test("a long name keeps both its ends", () => {
  const name = "a".repeat(40) + "b".repeat(40);
  assert.equal(shortened(name, 9), "aaaa…bbbb");
  assert.equal(shortened("short", 9), "short");
});

test("what has no page of its own leads to what it belongs to, or nowhere", () => {
  assert.equal(nearestPage("models/m/versions/3/evaluations/2"), "models/m/versions/3");
  assert.equal(nearestPage("models/m/channels/c/consumers/x"), "models/m/channels/c");
  assert.equal(nearestPage("models/m/channels/c/decisions/ab"), "models/m/channels/c/decisions/ab");
  assert.equal(nearestPage("models/m/aliases/best"), "models/m");
  assert.equal(nearestPage("experiments/0/runs/ab"), "experiments/0/runs/ab");
  assert.equal(nearestPage("roleBindings/ab"), undefined);
  assert.equal(nearestPage("modelsx"), undefined);
});
