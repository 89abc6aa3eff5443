// What no line can show is marked or counted: NaN, the infinities, zero and less on a log axis.
import { expect, type Check, type Given } from "../harness/check.ts";
import { captionOf, chartDrawn, textOf } from "./look.ts";
import { markColumns } from "./pixels.ts";

async function run(given: Given): Promise<string> {
  const { run: name, nan, above, below, notPositive, points } = given.facts.odd;
  let captions = "";
  for (const log of [false, true]) {
    const page = await given.open(`/${name}${log ? "?log=1" : ""}`);
    await chartDrawn(page);
    captions = await captionOf(page);
    const wanted = [
      `${points} points`,
      `✕ ${nan} NaN`,
      `▲ +∞ at ${above} places`,
      `▼ −∞ at ${below} place`,
      ...(log ? [`${notPositive} at or below 0 left out`] : []),
    ];
    const parts = captions.split(" · ");
    const missing = wanted.filter((part) => !parts.includes(part));
    expect(missing.length === 0, `the caption "${captions}" lacks "${missing.join('", "')}"`);
    const marks = await markColumns(page);
    expect(
      marks === nan + above + below,
      `${marks} marks are drawn for ${nan + above + below} values`,
    );
    const chart = await textOf(page.locator("figure.chart").first());
    expect(!/19[67]\d/.test(chart), "something is drawn in 1970");
  }
  return captions;
}

export const odd: Check = {
  number: 8,
  title: "NaN, infinities and what a log axis cannot show are seen or counted",
  short: true,
  run,
};
