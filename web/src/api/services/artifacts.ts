import { createClient } from "@connectrpc/connect";
import { ArtifactService } from "../../../gen/cairn/v1/artifacts_pb.ts";
import { transport } from "../calls.ts";

export const artifacts = createClient(ArtifactService, transport);
