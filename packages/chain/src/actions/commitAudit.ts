// A drawn auditor seals its verdict.
import type { NodeId } from "@weft/protocol/NodeId";
import { encodeAbiParameters, type Hex, keccak256, parseAbiParameters } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface Verdict {
  leaseId: Hex;
  segment: bigint;
  auditor: NodeId;
  ok: boolean;
  /** Root of the state after the step this auditor must open. */
  stepRoot: Hex;
  /** The auditor's own history root when not ok, else zero. */
  altHistoryRoot: Hex;
  /** 32 random bytes, kept until the reveal. */
  salt: Hex;
}

/** keccak256(abi.encode(leaseId, segment, auditor, ok, stepRoot, altHistoryRoot, salt)), as IAudits.commitAudit says. */
export const sealOf = (verdict: Verdict): Hex =>
  keccak256(
    encodeAbiParameters(parseAbiParameters("bytes32, uint32, bytes20, bool, bytes32, bytes32, bytes32"), [
      verdict.leaseId,
      Number(verdict.segment),
      verdict.auditor,
      verdict.ok,
      verdict.stepRoot,
      verdict.altHistoryRoot,
      verdict.salt,
    ]),
  );

/** Sent by the auditor's operator. The seal names lease, segment and auditor. */
export function commitAudit(client: ChainClient, options: Verdict): Intent {
  const seal = sealOf(options);
  return intentFor(client, {
    kind: "commitAudit",
    subject: seal,
    contract: "audits",
    functionName: "commitAudit",
    args: [options.leaseId, Number(options.segment), options.auditor, seal],
  });
}
