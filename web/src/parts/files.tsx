// The files of a run, a version or a data set: their sizes, and the first part of one as text.
import { useState } from "preact/hooks";
import type { ArtifactFile, BlobDigest } from "../../gen/cairn/v1/artifacts_pb.ts";
import { readBlob } from "../api/blobs.ts";
import { useQuery } from "../api/queries.ts";
import { bytes } from "../text/numbers.ts";
import { Empty, Loaded } from "./state.tsx";

const PREVIEW_BYTES = 64 * 1024;
const IMAGES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  svg: "image/svg+xml",
};

interface Preview {
  text: string | undefined; // undefined: not text
  image: string | undefined; // as a data: address, which runs nothing
  cut: boolean;
}

async function readPreview(path: string, digest: BlobDigest): Promise<Preview> {
  const type = IMAGES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()];
  const limit = type === undefined ? PREVIEW_BYTES : 16 * PREVIEW_BYTES;
  const bare = await readBlob(digest, limit);
  const blob = type === undefined ? bare : new Blob([bare], { type });
  const cut = digest.sizeBytes > limit;
  if (type !== undefined && !cut) {
    return { text: undefined, image: await dataAddress(blob), cut };
  }
  const content = await blob.text();
  return { text: content.includes("\0") ? undefined : content, image: undefined, cut };
}

function dataAddress(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new Error("the image cannot be read"));
    reader.readAsDataURL(blob);
  });
}

export function Files({ files, whole }: { files: ArtifactFile[]; whole: boolean }) {
  const [open, setOpen] = useState("");
  if (files.length === 0) return <Empty what="No files." />;
  return (
    <table class="full">
      <tbody>
        {files.map(({ path, digest }) => (
          <tr key={path}>
            <td>
              <button
                type="button"
                class="link mono"
                aria-expanded={open === path}
                onClick={() => setOpen(open === path ? "" : path)}
              >
                {path}
              </button>
              {open === path && digest !== undefined && <FilePreview path={path} digest={digest} />}
            </td>
            <td class="number">{digest === undefined ? "" : bytes(digest.sizeBytes)}</td>
            <td class="mono quiet" title={digest?.sha256}>
              {digest?.sha256.slice(0, 12)}
            </td>
          </tr>
        ))}
        {!whole && (
          <tr>
            <td class="quiet">Only the first {files.length} are shown.</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function FilePreview({ path, digest }: { path: string; digest: BlobDigest }) {
  const query = useQuery(`blob ${digest.sha256}`, () => readPreview(path, digest));
  return (
    <Loaded query={query}>
      {({ text, image, cut }) => (
        <div class="preview">
          {image !== undefined && <img src={image} alt={path} />}
          {text !== undefined && <pre>{text}</pre>}
          {text === undefined && image === undefined && <p class="quiet">Not text.</p>}
          {cut && (
            <p class="quiet">
              The first {bytes(PREVIEW_BYTES)} of {bytes(digest.sizeBytes)}.
            </p>
          )}
        </div>
      )}
    </Loaded>
  );
}
