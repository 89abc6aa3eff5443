// The services of the server, called by Connect on the address the page came from.
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { signal } from "@preact/signals";
import { ArtifactService } from "../../gen/cairn/v1/artifacts_pb.ts";
import { AuditService } from "../../gen/cairn/v1/audit_pb.ts";
import { AuthService } from "../../gen/cairn/v1/auth_pb.ts";
import { DatasetService } from "../../gen/cairn/v1/datasets_pb.ts";
import { EvaluationService } from "../../gen/cairn/v1/evaluations_pb.ts";
import { PromotionService } from "../../gen/cairn/v1/promotion_pb.ts";
import { RegistryService } from "../../gen/cairn/v1/registry_pb.ts";
import { AdminService } from "../../gen/cairn/v1/server_pb.ts";
import { TrackingService } from "../../gen/cairn/v1/tracking_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

const TOKEN_KEY = "cairn-token";

/** The caller's token; empty where none was given. It lives as long as the tab. */
export const token = signal(sessionStorage.getItem(TOKEN_KEY) ?? "");

/** The server asked who calls and took no token: the page shows how to sign in. */
export const signInNeeded = signal(false);

export function signIn(text: string): void {
  sessionStorage.setItem(TOKEN_KEY, text);
  token.value = text;
  signInNeeded.value = false;
}

export function signOut(): void {
  sessionStorage.removeItem(TOKEN_KEY);
  token.value = "";
  signInNeeded.value = true;
}

const identify: Interceptor = (next) => async (request) => {
  if (token.value !== "") request.header.set("Authorization", `Bearer ${token.value}`);
  try {
    return await next(request);
  } catch (error) {
    if (ConnectError.from(error).code === Code.Unauthenticated) signInNeeded.value = true;
    throw error;
  }
};

const transport = createConnectTransport({
  baseUrl: location.origin,
  useBinaryFormat: true,
  interceptors: [identify],
});

export const admin = createClient(AdminService, transport);
export const artifacts = createClient(ArtifactService, transport);
export const audit = createClient(AuditService, transport);
export const auth = createClient(AuthService, transport);
export const datasets = createClient(DatasetService, transport);
export const evaluations = createClient(EvaluationService, transport);
export const promotion = createClient(PromotionService, transport);
export const registry = createClient(RegistryService, transport);
export const tracking = createClient(TrackingService, transport);

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
  return {
    field,
    position: position === undefined ? undefined : Number(position),
    problem,
    code: Code[failed.code].replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase(),
    reason: info?.reason ?? "",
    message: offline ? "The server does not answer." : failed.rawMessage,
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
