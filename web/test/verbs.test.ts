import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BEFORE,
  missing,
  NOTHING,
  uuid4,
  verbCommand,
  whatMoved,
  type Asked,
} from "../src/text/verbs.ts";

const CHANNEL = "models/m/channels/production";

function asked(changes: Partial<Asked>): Asked {
  return {
    verb: "override",
    target: CHANNEL,
    version: "models/m/versions/3",
    reason: "signed off",
    typed: "m@3",
    key: "",
    value: "",
    ...changes,
  };
}

test("an override asks for version, reason and the name typed, one after the other", () => {
  assert.match(missing(asked({ version: "" })), /version/);
  assert.match(missing(asked({ reason: " \n" })), /why/);
  assert.match(missing(asked({ typed: "m@2" })), /Type m@3/);
  assert.equal(missing(asked({})), "");
});

test("a rollback without a version goes to the one before", () => {
  assert.equal(missing(asked({ verb: "rollback", version: BEFORE, typed: "" })), "");
});

test("a promotion needs nothing", () => {
  assert.equal(missing(asked({ verb: "promote", version: "", reason: "", typed: "" })), "");
});

test("a reason is measured in bytes, as the server does", () => {
  assert.equal(missing(asked({ reason: "a".repeat(5000) })), "");
  assert.match(missing(asked({ reason: "é".repeat(2501) })), /5000 bytes/);
});

test("the command says the same", () => {
  assert.equal(
    verbCommand(asked({ reason: "it's fine" }), 4n),
    "mlctl override m@3 --reason 'it'\\''s fine' --expected-epoch 4",
  );
  assert.equal(
    verbCommand(asked({ verb: "rollback", version: NOTHING, reason: "" }), 4n),
    "mlctl rollback m --to-nothing --reason WHY --expected-epoch 4",
  );
  assert.equal(
    verbCommand(asked({ verb: "rollback", reason: "bad" }), undefined),
    "mlctl rollback m --to 3 --reason bad",
  );
  assert.equal(
    verbCommand(asked({ verb: "promote", target: "models/m/channels/staging" }), 0n),
    "mlctl promote m@3 --channel staging --if-epoch 0",
  );
  assert.equal(verbCommand(asked({ verb: "hold", reason: "x" }), 4n), "mlctl hold m@3 --reason x");
  assert.equal(
    verbCommand(asked({ verb: "archive", target: "models/m/versions/3" }), undefined),
    "mlctl archive version m@3",
  );
});

test("a stale epoch says what is served now and by what", () => {
  assert.equal(
    whatMoved({
      expectedEpoch: "3",
      currentEpoch: "4",
      version: "models/m/versions/4",
      decision: `${CHANNEL}/decisions/2fc173597c79`,
    }),
    "Epoch 3 was looked at; now it is epoch 4, which serves m@4 by decision 2fc17359.",
  );
  assert.match(
    whatMoved({ expectedEpoch: "3", currentEpoch: "4", version: "" }),
    /serves nothing\.$/,
  );
  assert.equal(whatMoved({ expectedEpoch: "3" }), "");
});

test("a request's id is a UUID of version 4", () => {
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(uuid4(new Uint8Array(16)), form);
  assert.match(uuid4(new Uint8Array(16).fill(255)), form);
});

const RUN = "experiments/1/runs/9f3c2a11aabbccddeeff001122334455";

test("what is deleted is typed: a version's name, the beginning of a run's id", () => {
  const version = { verb: "delete", target: "models/m/versions/3", version: "" } as const;
  assert.equal(missing(asked({ ...version, typed: "m@3" })), "");
  assert.match(missing(asked({ ...version, typed: "m@4" })), /Type m@3/);
  const run = { verb: "delete", target: RUN, version: "" } as const;
  assert.equal(missing(asked({ ...run, typed: "9f3c2a11" })), "");
  assert.equal(verbCommand(asked(run), undefined), `mlctl delete run ${RUN.slice(-32)}`);
});

test("a tag needs a key, and is taken away by an empty value", () => {
  const tag = { verb: "tag", target: "models/m/versions/3", version: "" } as const;
  assert.match(missing(asked(tag)), /Name the tag/);
  assert.equal(missing(asked({ ...tag, key: "team" })), "");
  const command = (value: string) => verbCommand(asked({ ...tag, key: "team", value }), undefined);
  assert.equal(command("crm"), "mlctl update version m@3 --tag team=crm");
  assert.equal(command(""), "mlctl update version m@3 --remove-tag team");
});
