// Burns what was slashed from any node's stake and lies in the registry since; anyone may.
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** @param options.id tells one burning from the next, a day's number */
export const burnSlashed = (client: ChainClient, { id }: { id: string }): Intent =>
  intentFor(client, { kind: "burnSlashed", subject: id, contract: "registry", functionName: "burnSlashed", args: [] });
