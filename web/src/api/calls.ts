// The services of the server, called by Connect on the address the page came from.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { signal } from "@preact/signals";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { fetchOrEarly, TOKEN_KEY } from "./early.ts";

/** The caller's token; empty where none was given. It lives as long as the tab. */
export const token = signal(sessionStorage.getItem(TOKEN_KEY) ?? "");

/** The server asked who calls and took no token: the page shows how to sign in. */
export const signInNeeded = signal(false);

/** Why a token that was taken before is not any more, in the server's words; empty without one. */
export const signInReason = signal("");

/** Who the server takes the caller for; `text` is a token to be tried instead of the tab's. */
export async function whoAmI(text = "") {
  const { auth } = await import("./services/auth.ts");
  return auth.whoAmI({}, text === "" ? {} : { headers: { Authorization: `Bearer ${text}` } });
}

/** Signs in with a token that the server knows; one that it does not know is refused by it. */
export async function signIn(text: string): Promise<void> {
  await whoAmI(text);
  sessionStorage.setItem(TOKEN_KEY, text);
  token.value = text;
  signInReason.value = "";
  signInNeeded.value = false;
}

export function signOut(): void {
  forgetToken("");
}

function forgetToken(why: string): void {
  sessionStorage.removeItem(TOKEN_KEY);
  token.value = "";
  signInReason.value = why;
  signInNeeded.value = true;
}

const identify: Interceptor = (next) => async (request) => {
  const sent = token.value;
  const tried = request.header.has("Authorization"); // by somebody who signs in
  if (sent !== "" && !tried) request.header.set("Authorization", `Bearer ${sent}`);
  try {
    return await next(request);
  } catch (error) {
    const failed = ConnectError.from(error);
    if (failed.code === Code.Unauthenticated && !tried && sent === token.value) {
      if (sent === "") signInNeeded.value = true;
      else forgetToken(failed.rawMessage);
    }
    throw error;
  }
};

/** Where api/services/ has a client of each service: a page fetches those it asks. */
export const transport = createConnectTransport({
  baseUrl: location.origin,
  useBinaryFormat: true,
  interceptors: [identify],
  fetch: fetchOrEarly,
});

/** What went wrong, in the server's words. */
export interface Failure {
  code: string; // "NOT_FOUND"
  reason: string; // the server's reason code, "RUN_NOT_FOUND"; empty where it gave none
  message: string;
  metadata: Record<string, string>; // what the server adds to its reason
  offline: boolean; // nobody answered
  /** The field and the byte in it that the server stumbled over, where it names them. */
  field: string;
  position: number | undefined;
  problem: string;
}

export function failureOf(error: unknown): Failure {
  const failed = ConnectError.from(error);
  const info = failed.findDetails(ErrorInfoSchema)[0];
  const offline = info === undefined && /fetch|network/i.test(failed.rawMessage);
  const { field = "", position, problem = "" } = info?.metadata ?? {};
  const code = Code[failed.code].replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
  const said =
    failed.rawMessage === "" ? `The server says no more than ${code}.` : failed.rawMessage;
  return {
    field,
    position: position === undefined ? undefined : Number(position),
    problem,
    code,
    reason: info?.reason ?? "",
    message: offline ? "The server does not answer." : said,
    metadata: info?.metadata ?? {},
    offline,
  };
}

/** All pages of a list, at most `limit` rows; `whole` tells whether that is all of it. */
export async function everyPage<Row>(
  list: (pageToken: string) => Promise<{ rows: Row[]; nextPageToken: string }>,
  limit = 1000,
): Promise<{ rows: Row[]; whole: boolean }> {
  const rows: Row[] = [];
  let pageToken = "";
  do {
    const page = await list(pageToken);
    rows.push(...page.rows);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && rows.length < limit);
  return { rows, whole: pageToken === "" };
}
