import { createClient } from "@connectrpc/connect";
import { EvaluationService } from "../../../gen/cairn/v1/evaluations_pb.ts";
import { transport } from "../calls.ts";

export const evaluations = createClient(EvaluationService, transport);
