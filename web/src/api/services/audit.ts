import { createClient } from "@connectrpc/connect";
import { AuditService } from "../../../gen/cairn/v1/audit_pb.ts";
import { transport } from "../calls.ts";

export const audit = createClient(AuditService, transport);
