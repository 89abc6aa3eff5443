import { createClient } from "@connectrpc/connect";
import { PromotionService } from "../../../gen/cairn/v1/promotion_pb.ts";
import { transport } from "../calls.ts";

export const promotion = createClient(PromotionService, transport);
