// Stored bytes, read as a whole.
import type { BlobDigest } from "../../gen/cairn/v1/artifacts_pb.ts";
import { everyPage } from "./calls.ts";
import { artifacts } from "./services/artifacts.ts";

/** The first `limit` bytes of a blob. */
export async function readBlob(digest: BlobDigest, limit: number): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const readLimit = BigInt(limit);
  for await (const { data } of artifacts.read({ digest, readLimit })) parts.push(data.slice());
  return new Blob(parts);
}

/** The digest of a file among the artifacts of a run; undefined where it has none of that path. */
export async function findArtifact(parent: string, path: string): Promise<BlobDigest | undefined> {
  const { rows } = await everyPage(async (pageToken) => {
    const page = await artifacts.listArtifacts({ parent, pageToken, pageSize: 1000 });
    return { rows: page.files, nextPageToken: page.nextPageToken };
  });
  return rows.find((file) => file.path === path)?.digest;
}
