import { createClient } from "@connectrpc/connect";
import { AuthService } from "../../../gen/cairn/v1/auth_pb.ts";
import { transport } from "../calls.ts";

export const auth = createClient(AuthService, transport);
