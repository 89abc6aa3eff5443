// The first calls of a table of runs, made before the scripts that would make them are there.
//
// A call is its path and the bytes of its request: when the page makes the same call, it is given the
// answer that is under way. What nobody asks for is dropped; nothing is asked that changes anything.
import {
  allFields,
  getExperiment,
  listRunFields,
  pinnedColumns,
  searchRuns,
  toldColumns,
} from "../text/run_calls.ts";

/** Where calls.ts keeps the caller's token too. */
export const TOKEN_KEY = "cairn-token";

// start.ts and the page are bundles of their own, and meet here.
const shared = globalThis as { cairnEarly?: Map<string, Promise<Response>> };
const asked = (shared.cairnEarly ??= new Map<string, Promise<Response>>());

function keyOf(url: string, body: Uint8Array): string {
  return `${url} ${body.join()}`;
}

function ask(method: string, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  const url = `${location.origin}/cairn.v1.TrackingService/${method}`;
  const token = sessionStorage.getItem(TOKEN_KEY) ?? "";
  const headers = {
    "Content-Type": "application/proto",
    "Connect-Protocol-Version": "1",
    ...(token === "" ? {} : { Authorization: `Bearer ${token}` }),
  };
  const answer = fetch(url, { method: "POST", headers, body });
  answer.catch(() => undefined); // whoever asks again is told
  asked.set(keyOf(url, body), answer);
  return answer;
}

/** Asks what the page at this address begins with, as far as that is known without its scripts. */
export async function askEarly(): Promise<void> {
  const name = /^\/(experiments\/[^/]+)\/?$/.exec(decodeURIComponent(location.pathname))?.[1];
  if (name === undefined) return;
  const params = new URLSearchParams(location.search);
  const [filter, order] = [params.get("q") ?? "", params.get("order") ?? ""];
  const search = (columns: string[]) => ask("SearchRuns", searchRuns(name, filter, order, columns));
  const pinned = pinnedColumns(params.get("columns") ?? "");
  if (pinned !== undefined) void search(pinned);
  void ask("GetExperiment", getExperiment(name));
  const answer = await ask("ListRunFields", listRunFields(name, filter));
  if (!answer.ok || pinned !== undefined) return;
  const known = allFields(new Uint8Array(await answer.clone().arrayBuffer()));
  if (known !== undefined) void search(toldColumns(known));
}

/** As `fetch`; the first time that an early call is made again, its answer. */
export const fetchOrEarly: typeof fetch = (input, init) => {
  const body = init?.body;
  if (asked.size === 0 || typeof input !== "string" || !(body instanceof Uint8Array)) {
    return fetch(input, init);
  }
  const key = keyOf(input, body);
  const answer = asked.get(key);
  asked.delete(key);
  return answer ?? fetch(input, init);
};
