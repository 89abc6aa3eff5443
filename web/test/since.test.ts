import { equal } from "node:assert/strict";
import { test } from "node:test";
import { fates, sinceInWords, type SinceChange } from "../src/text/since.ts";

const RUN = "experiments/1/runs/a";
const OTHER = "experiments/1/runs/b";

function since(changes: [string, string][], more = false, oldest = 0n) {
  const told: SinceChange[] = changes.map(([kind, resource], at) => ({
    revision: BigInt(11 + at),
    kind,
    resource,
  }));
  return { asked: 10n, oldest, changes: told, more };
}

test("what has not changed is as it was", () => {
  const told = sinceInWords(since([]), [RUN]);
  equal(told.exact, true);
  equal(told.text, "As it was at revision 10: nothing of it has changed since.");
});

test("a sign of life is no change", () => {
  equal(sinceInWords(since([["RUN_HEARD", RUN]]), [RUN]).exact, true);
});

test("changes are counted, and the last one is named", () => {
  const changes = since([
    ["RUN_LOGGED", RUN],
    ["RUN_FINISHED", RUN],
  ]);
  const { exact, text } = sinceInWords(changes, [RUN]);
  equal(exact, false);
  equal(
    text,
    "Since revision 10: changed 2 times; last: run finished with revision 12. Shown as it is now.",
  );
});

test("what was made later was not there", () => {
  const { text } = sinceInWords(since([["RUN_CREATED", RUN]]), [RUN]);
  equal(text, "Not there yet at revision 10: made with revision 11. Shown as it is now.");
});

test("what lies below is counted by what became of it", () => {
  const changes = since(
    [
      ["RUN_CREATED", RUN],
      ["RUN_FINISHED", RUN],
      ["RUN_DELETED", OTHER],
      ["EXPERIMENT_UPDATED", "experiments/1"],
    ],
    true,
  );
  const { text } = sinceInWords(changes, ["experiments/1"]);
  equal(
    text,
    "Since revision 10: changed once, 1 made, 1 deleted and more; last: experiment updated with revision 14. Shown as it is now.",
  );
});

test("what came after what events are kept of is not known", () => {
  const { exact, text } = sinceInWords(since([], false, 500n), [RUN]);
  equal(exact, false);
  equal(text.startsWith("The server keeps events from revision 500 on"), true);
});

test("a run that lost a file, or came back, is not deleted", () => {
  const found = fates(
    since([
      ["RUN_ARTIFACTS_DELETED", RUN],
      ["RUN_DELETED", OTHER],
      ["RUN_UNDELETED", OTHER],
    ]),
  );
  equal(found.get(RUN), "changed");
  equal(found.get(OTHER), "changed");
});
