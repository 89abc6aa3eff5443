import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest, scatterOf } from "../src/text/scatter.ts";
import { seriesStyle, shapeOf } from "../src/text/series.ts";

test("numbers stand on axes from edge to edge", () => {
  const scatter = scatterOf(
    [
      { x: "2", y: 10 },
      { x: "4", y: 20 },
      { x: "3", y: 15 },
    ],
    216,
    116,
  );
  assert.deepEqual(scatter?.placed, [
    { index: 0, x: 8, y: 108 },
    { index: 1, x: 208, y: 8 },
    { index: 2, x: 108, y: 58 },
  ]);
  assert.deepEqual(scatter.bars, []);
});

test("what is above 0 and far apart stands on a logarithmic axis", () => {
  const points = ["0.0001", "0.01", "1"].map((x, y) => ({ x, y }));
  const scatter = scatterOf(points, 216, 100);
  assert.deepEqual(scatter?.logarithmic, { x: true, y: false });
  assert.ok(Math.abs((scatter.placed[1]?.x ?? 0) - 108) < 1e-9);
});

test("what lacks a value is counted and not placed", () => {
  const points = [
    { x: "1", y: 1 },
    { x: undefined, y: 1 },
    { x: "2", y: NaN },
    { x: "2", y: undefined },
    { x: Infinity, y: 2 },
  ];
  const scatter = scatterOf(points, 100, 100);
  assert.equal(scatter?.missing, 4);
  assert.deepEqual(
    scatter.placed.map(({ index }) => index),
    [0],
  );
  assert.equal(scatterOf([{ x: "a", y: undefined }], 100, 100), undefined);
});

test("texts are columns, with a bar from zero to their mean", () => {
  const points = [
    { x: "sgd", y: 2 },
    { x: "adam", y: 4 },
    { x: "adam", y: 2 },
  ];
  const scatter = scatterOf(points, 200, 116);
  assert.deepEqual(
    scatter?.across.map(({ at, text }) => [at, text]),
    [
      [50, "adam (2)"],
      [150, "sgd (1)"],
    ],
  );
  assert.deepEqual(
    scatter.bars.map(({ text, points: n, mean, y, height }) => [text, n, mean, y, height]),
    [
      ["adam", 2, 3, 33, 75],
      ["sgd", 1, 2, 58, 50],
    ],
  );
});

test("the nearest point is found, within reach only", () => {
  const placed = [
    { index: 0, x: 0, y: 0 },
    { index: 1, x: 10, y: 0 },
  ];
  assert.equal(nearest(placed, 6, 0)?.index, 1);
  assert.equal(nearest(placed, 60, 0), undefined);
});

test("eight colours, then dashes; a hundred series have no twins", () => {
  assert.deepEqual(seriesStyle(0), { colour: "var(--series-1)", dash: "" });
  const styles = Array.from({ length: 100 }, (_, rank) => JSON.stringify(seriesStyle(rank)));
  assert.equal(new Set(styles).size, 100);
  assert.equal(shapeOf(8), shapeOf(0));
});
