import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

// The page shows a head line before its script runs; both must say the same.
test("the head line of the page is that of its script", () => {
  const page = readFileSync("index.html", "utf8");
  const shell = readFileSync("src/app/shell.tsx", "utf8");
  const places = [...shell.matchAll(/^ {2}\["([^"]+)", "([^"]+)"\],$/gm)].map(
    ([, href, label]) => `<a href="${href}">${label}</a>`,
  );
  assert.equal(places.length, 5);
  assert.deepEqual(page.match(/<a href="[^"]+">[^<]+<\/a>/g), places);
});
