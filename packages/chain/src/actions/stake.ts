// Stakes WEFT on a node in one transaction: permit and stake together.
import type { Signer } from "@weft/protocol/Domain";
import type { NodeId } from "@weft/protocol/NodeId";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { signPermit } from "../permit.ts";
import { intentFor } from "./intentFor.ts";

/** WEFT units of 1e-18 of `from`, who also sends it; only the node's owner gets it back. */
export async function stake(
  client: ChainClient,
  options: { nodeId: NodeId; from: Signer; amount: bigint; id: string },
): Promise<Intent> {
  const { nodeId, from, amount, id } = options;
  const permit = await signPermit(client, { token: "weft", spender: "registry", owner: from, amount });
  return intentFor(client, {
    kind: "stake",
    subject: `${nodeId}/${id}`,
    contract: "registry",
    functionName: "stakeWithPermit",
    args: [nodeId, amount, permit.deadline, permit.v, permit.r, permit.s],
  });
}
