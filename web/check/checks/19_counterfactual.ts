// What a decision names as the smallest change that would turn it: it turns it, and less does not.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, Skipped, type Check, type Given } from "../harness/check.ts";
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
  const named = version.replace(/^models\/(.*)\/versions\//, "$1@");
  const answer = await server.mlctl("promote", named, "--channel", "production", "-o", "json");
  const { name, candidates } = JSON.parse(answer) as {
    name: string;
    candidates: {
      verdict: string;
      message: string;
      counterfactuals?: { needed: number; subject: string }[];
    }[];
  };
  const [candidate] = candidates;
  expect(candidate !== undefined, `no verdict of ${named}`);
  return {
    name,
    message: candidate.message,
    verdict: candidate.verdict,
    flips: candidate.counterfactuals ?? [],
  };
}

async function run(given: Given): Promise<string> {
  const { server } = given;
  if (given.facts.model === "")
    throw new Skipped("there is no cairn-pipeline to make a model with");
  const file = join(server.store, "..", "turning.yaml");
  await writeFile(file, POLICY);
  const { hundred } = given.facts;
  await given.api.artifacts.logArtifacts({ run: hundred[0] ?? "", files: [await someFile(given)] });
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

/** A model needs a file. */
async function someFile({ api }: Given) {
  const data = new TextEncoder().encode("a model");
  const hash = Buffer.from(await crypto.subtle.digest("SHA-256", data)).toString("hex");
  const digest = { sha256: hash, sizeBytes: BigInt(data.length) };
  await api.artifacts.batchUpdateBlobs({ entries: [{ digest, data }] });
  return { path: "model.bin", digest };
}

export const counterfactual: Check = {
  number: 19,
  title: "what a decision says would turn it turns it",
  short: true,
  run,
};
