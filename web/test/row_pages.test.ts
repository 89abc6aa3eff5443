import assert from "node:assert/strict";
import { test } from "node:test";
import {
  leadingRows,
  missingPage,
  PAGE_ROWS,
  rowAt,
  withPage,
  type RowPages,
} from "../src/text/row_pages.ts";

function page(number: number, total = 1000): number[] {
  const first = number * PAGE_ROWS;
  return Array.from({ length: Math.min(PAGE_ROWS, total - first) }, (_, index) => first + index);
}

function withPages(total: number, ...numbers: number[]): RowPages<number> {
  const none: RowPages<number> = { total, pages: new Map() };
  return numbers.reduce((pages, at) => withPage(pages, at, page(at, total), total), none);
}

test("a row is there once its page was read", () => {
  const pages = withPages(1000, 0, 4);
  assert.equal(rowAt(pages, 3), 3);
  assert.equal(rowAt(pages, 999), 999);
  assert.equal(rowAt(pages, 500), undefined);
  assert.equal(rowAt(pages, 1000), undefined);
});

test("the page in the middle of the window is read first, then its neighbours", () => {
  const window: [number, number] = [150, 650];
  assert.equal(missingPage(withPages(1000), ...window), 2);
  assert.equal(missingPage(withPages(1000, 2), ...window), 1);
  assert.equal(missingPage(withPages(1000, 2, 1, 3), ...window), 0);
  assert.equal(missingPage(withPages(1000, 0, 1, 2, 3), ...window), undefined);
});

test("nothing is read beyond the end, nor of an empty table", () => {
  assert.equal(missingPage(withPages(100, 0), 90, 140), undefined);
  assert.equal(missingPage(withPages(0), 0, 40), undefined);
});

test("rows of a table that became longer are not mixed with those before", () => {
  const pages = withPage(withPages(1000, 0, 1), 2, page(2, 1001), 1001);
  assert.equal(pages.total, 1001);
  assert.equal(rowAt(pages, 0), undefined);
  assert.equal(rowAt(pages, 400), 400);
});

test("what is far from the window is given up first", () => {
  const all = Array.from({ length: 80 }, (_, index) => index);
  const pages = withPages(80 * PAGE_ROWS, ...all);
  assert.equal(pages.pages.size, 60);
  assert.equal(rowAt(pages, 0), undefined);
  assert.equal(rowAt(pages, 79 * PAGE_ROWS), 79 * PAGE_ROWS);
});

test("the leading rows end at the first gap", () => {
  assert.equal(leadingRows(withPages(1000, 0, 1, 3)).length, 2 * PAGE_ROWS);
  assert.equal(leadingRows(withPages(1000, 1)).length, 0);
});
