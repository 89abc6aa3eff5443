import { createClient } from "@connectrpc/connect";
import { DatasetService } from "../../../gen/cairn/v1/datasets_pb.ts";
import { transport } from "../calls.ts";

export const datasets = createClient(DatasetService, transport);
