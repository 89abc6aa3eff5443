import { createClient } from "@connectrpc/connect";
import { TrackingService } from "../../../gen/cairn/v1/tracking_pb.ts";
import { transport } from "../calls.ts";

export const tracking = createClient(TrackingService, transport);
