// Gives a node another hot key; see registerNode for the consent.
import type { NodeId } from "@weft/protocol/NodeId";
import type { Address, Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `consent`: from `signOperatorConsent`, with the nonce that the registry shows. */
export function rotateOperator(
  client: ChainClient,
  options: { nodeId: NodeId; operator: Address; consent: Hex },
): Intent {
  return intentFor(client, {
    kind: "rotateOperator",
    subject: `${options.nodeId}/${options.operator}`,
    contract: "registry",
    functionName: "rotateOperator",
    args: [options.nodeId, options.operator, options.consent],
  });
}
