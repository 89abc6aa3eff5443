// What a decision names as the smallest change that would turn it: it turns it, and less does not.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, needsModel, type Check, type Given } from "../harness/check.ts";
import { spoken } from "../../src/text/names.ts";
import { upload } from "../harness/api.ts";
import { settled, textOf } from "./look.ts";

const MODEL = "turning";
const POLICY = `apiVersion: cairn/v1
kind: PromotionPolicy
metadata: {name: check-turning}
spec:
  target: {model: ${MODEL}, channel: production}
  mode: enforce
  candidates: {state: READY, max: 50}
  evidence: {dataset: compared, trust: reported}
  baseline: {use: channel-head, ifAbsent: gates-only}
  gates:
    - {id: floor, metric: silhouette, pass: ">= 0.6"}
`;

/** The number next to it, towards zero: the nearest that is not there yet. */
function justBelow(value: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  bits.setBigUint64(0, bits.getBigUint64(0) - 1n);
  return bits.getFloat64(0);
}

/** A version whose silhouette is reported as that value; then what the policy says of it. */
async function judged({ server, facts }: Given, value: number) {
  const made = await server.mlctl(
    ...["register", "model", MODEL, "--run", facts.hundred[0] ?? "", "-q"],
    ...["--metric", `silhouette=${value}`, "--evidence-dataset", "dataset:compared@2"],
  );
  const version = made.trim().split("\n").at(-1) ?? "";
  const answer = await server.mlctl(
    "promote",
    spoken(version),
    "--channel",
    "production",
    "-o",
    "json",
  );
  const { name, candidates } = JSON.parse(answer) as {
    name: string;
    candidates: {
      verdict: string;
      message: string;
      counterfactuals?: { needed: number; subject: string }[];
    }[];
  };
  const [candidate] = candidates;
  expect(candidate !== undefined, `no verdict of ${spoken(version)}`);
  return {
    name,
    message: candidate.message,
    verdict: candidate.verdict,
    flips: candidate.counterfactuals ?? [],
  };
}

async function run(given: Given): Promise<string> {
  const { server } = given;
  needsModel(given.facts.model !== "");
  const file = join(server.store, "..", "turning.yaml");
  await writeFile(file, POLICY);
  const { hundred } = given.facts;
  const model = { path: "model.bin", digest: await upload(given.api, "a model") }; // it needs a file
  await given.api.artifacts.logArtifacts({ run: hundred[0] ?? "", files: [model] });
  await given.api.tracking.finishRun({ name: hundred[0] ?? "" });
  await server.mlctl("create", "model", MODEL);
  await server.mlctl("apply", "-f", file);
  const refused = await judged(given, 0.5);
  expect(refused.verdict === "FAIL", `0.5 is ${refused.verdict}`);
  const [flip] = refused.flips;
  expect(flip !== undefined, `the decision names nothing that would turn it: ${refused.message}`);
  const page = await given.open(`/${refused.name}`);
  await settled(page);
  const text = await textOf(page.locator("main"));
  expect(text.includes(String(flip.needed)), `the page does not name ${flip.needed}`);
  const less = await judged(given, justBelow(flip.needed));
  expect(less.verdict === "FAIL", `a little less than ${flip.needed} is ${less.verdict}`);
  const turned = await judged(given, flip.needed);
  expect(turned.verdict === "PASS", `${flip.needed} is ${turned.verdict}`);
  return `${flip.subject} 0.5 fails, the page names ${flip.needed}: that passes, and the number before it does not`;
}

export const counterfactual: Check = {
  number: 19,
  title: "what a decision says would turn it turns it",
  short: true,
  run,
};
