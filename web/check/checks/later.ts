// Checks that wait for what the UI cannot do yet; each says what is missing.
import { Skipped, type Check } from "../harness/check.ts";

function waits(number: number, title: string, why: string): Check {
  const run = () => Promise.reject(new Skipped(why));
  return { number, title, short: true, run };
}

export const later: Check[] = [
  waits(22, "sums of churn equal the segments", "the fixture has no version trained after another"),
];
