// The server's calls, as the UI makes them, from here.
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { ArtifactService } from "../../gen/cairn/v1/artifacts_pb.ts";
import { DatasetService } from "../../gen/cairn/v1/datasets_pb.ts";
import { PromotionService } from "../../gen/cairn/v1/promotion_pb.ts";
import { RegistryService } from "../../gen/cairn/v1/registry_pb.ts";
import { TrackingService } from "../../gen/cairn/v1/tracking_pb.ts";

export function apiOf(baseUrl: string) {
  const transport = createConnectTransport({ baseUrl, useBinaryFormat: true });
  return {
    artifacts: createClient(ArtifactService, transport),
    datasets: createClient(DatasetService, transport),
    promotion: createClient(PromotionService, transport),
    registry: createClient(RegistryService, transport),
    tracking: createClient(TrackingService, transport),
  };
}

export type Api = ReturnType<typeof apiOf>;

/** Does `work` for 0 to `count` - 1, `width` at a time. */
export async function together(
  count: number,
  width: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Keeps a text in the server; gives the digest that files name it by. */
export async function upload(api: Api, text: string) {
  const data = new TextEncoder().encode(text);
  const hash = Buffer.from(await crypto.subtle.digest("SHA-256", data)).toString("hex");
  const digest = { sha256: hash, sizeBytes: BigInt(data.length) };
  await api.artifacts.batchUpdateBlobs({ entries: [{ digest, data }] });
  return digest;
}
