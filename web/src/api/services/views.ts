import { createClient } from "@connectrpc/connect";
import { ViewService } from "../../../gen/cairn/v1/views_pb.ts";
import { transport } from "../calls.ts";

export const views = createClient(ViewService, transport);
