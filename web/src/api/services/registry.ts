import { createClient } from "@connectrpc/connect";
import { RegistryService } from "../../../gen/cairn/v1/registry_pb.ts";
import { transport } from "../calls.ts";

export const registry = createClient(RegistryService, transport);
