// Links that stay short: what a page shows is kept on the server as a view, and the link names it.
import { views } from "./services/views.ts";
import { parseRef, refsIn } from "../text/run_refs.ts";
import { pageOf } from "../text/names.ts";

/** A longer link is hard to pass on. */
const MOST_LETTERS = 200;

/** The experiment that a page is about; of runs that are compared that of the first. */
function experimentOf(path: string, runs: string): string | undefined {
  const first = parseRef(refsIn(runs)[0] ?? "");
  return /experiments\/[^/,]+/.exec(path)?.[0] ?? first?.experiment;
}

/**
 * The address of what is shown, in at most MOST_LETTERS where the server can keep a view of it.
 * `why` says why it stayed long.
 */
export async function linkToHere(): Promise<{ link: string; why?: string }> {
  const { href, origin, pathname, search } = location;
  if (href.length <= MOST_LETTERS) return { link: href };
  const runs = new URLSearchParams(search).get("runs") ?? "";
  const parent = experimentOf(pathname, runs);
  if (parent === undefined) return { link: href, why: "only pages of runs have short links" };
  try {
    const { name } = await views.createView({ parent, view: { address: pathname + search } });
    return { link: origin + pageOf(name) };
  } catch {
    return { link: href, why: "no short one, as you may not write to this experiment" };
  }
}
