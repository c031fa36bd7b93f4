// An auditor's verdict on a segment, its seal, and the check of an opened one: the parts of Audits.sol that bind what
// an auditor says to work it did. The step root it opens is unpublished, so that nobody can answer by copying.
//
// Not here: the re-execution itself (packages/compute), whose turn it is (AuditCase.ts).
import { zeroHash } from "@weft/protocol/fields";
import type { NodeId } from "@weft/protocol/NodeId";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { verifyStep } from "@weft/tensor/HashLayout";
import { encodeAbiParameters, type Hex, hexToBytes, keccak256 } from "viem";
import { auditStep } from "./draw.ts";

/** What re-execution gave: the history root, and the drawn step's root with its path to it. */
export interface Replayed {
  historyRoot: Hex;
  stepRoot: Hex;
  path: readonly Hex[];
}

export interface Verdict {
  ok: boolean;
  stepRoot: Hex;
  path: readonly Hex[];
  /** The auditor's own history root when it differs, else 32 zero bytes. */
  altHistoryRoot: Hex;
}

/** The segment is right exactly when the whole history is the committed one. */
export function verdictOf(commitment: SegmentCommitment, replayed: Replayed): Verdict {
  const ok = replayed.historyRoot === commitment.historyRoot;
  const { stepRoot, path } = replayed;
  return { ok, stepRoot, path, altHistoryRoot: ok ? zeroHash : replayed.historyRoot };
}

export interface Sealing {
  leaseId: Hex;
  segment: bigint;
  auditor: NodeId;
  verdict: Pick<Verdict, "ok" | "stepRoot" | "altHistoryRoot">;
  /** 32 random bytes, kept until the verdict is opened. */
  salt: Hex;
}

const sealParameters = [
  { type: "bytes32" },
  { type: "uint32" },
  { type: "bytes20" },
  { type: "bool" },
  { type: "bytes32" },
  { type: "bytes32" },
  { type: "bytes32" },
] as const;

/** keccak256(abi.encode(leaseId, segment, auditor, ok, stepRoot, altHistoryRoot, salt)). */
export function sealOf({ leaseId, segment, auditor, verdict, salt }: Sealing): Hex {
  const { ok, stepRoot, altHistoryRoot } = verdict;
  return keccak256(
    encodeAbiParameters(sealParameters, [leaseId, Number(segment), auditor, ok, stepRoot, altHistoryRoot, salt]),
  );
}

export type RevealRefusal = "reveal.seal" | "reveal.altHistory" | "reveal.step";

/** Why the contract would refuse to open this verdict; undefined when it takes it. */
export function revealRefusal(
  commitment: SegmentCommitment,
  opened: { auditor: NodeId; verdict: Verdict; salt: Hex },
  sealed: { seed: Hex; seal: Hex },
): RevealRefusal | undefined {
  const { auditor, verdict, salt } = opened;
  const { leaseId, segment, firstStep, lastStep, historyRoot } = commitment;
  if (sealOf({ leaseId, segment, auditor, verdict, salt }) !== sealed.seal) return "reveal.seal";
  const isZero = verdict.altHistoryRoot === zeroHash;
  if (verdict.ok ? !isZero : isZero || verdict.altHistoryRoot === historyRoot) return "reveal.altHistory";
  const index = Number(auditStep(sealed.seed, auditor, commitment) - firstStep);
  const root = verdict.ok ? historyRoot : verdict.altHistoryRoot;
  const proven = verifyStep(
    hexToBytes(root),
    Number(lastStep - firstStep) + 1,
    index,
    hexToBytes(verdict.stepRoot),
    verdict.path.map((node) => hexToBytes(node)),
  );
  return proven ? undefined : "reveal.step";
}
