import assert from "node:assert/strict";
import { test } from "node:test";
import { filterOfGroup } from "../src/text/run_groups.ts";

test("a group's runs are found by its values, those without one by its lack", () => {
  const has = (text: string) => ({ text, missing: false });
  assert.equal(filterOfGroup("", ["params.k"], [has("3")]), 'params.k = "3"');
  assert.equal(
    filterOfGroup(
      " state = FAILED OR a ",
      ["params.k", "user"],
      [has('"x\\'), { text: "", missing: true }],
    ),
    '(state = FAILED OR a) AND params.k = "\\"x\\\\" AND NOT user:*',
  );
  assert.equal(filterOfGroup("", ["tags.a"], [has("a*b")]), 'tags.a = "a\\*b"');
});
