// An auditor's verdict on a segment, its seal, and the check of an opened one: the parts of Audits.sol that bind what
// an auditor says to work it did. The step root it opens is unpublished, so that nobody can answer by copying.
//
// Not here: the re-execution itself (packages/compute), whose turn it is (AuditCase.ts).
import { zeroHash } from "@weft/protocol/fields";
import type { NodeId } from "@weft/protocol/NodeId";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { verifyStep } from "@weft/tensor/HashLayout";
import { paddedHistory } from "@weft/tensor/paddedHistory";
import { bytesToHex, encodeAbiParameters, type Hex, hexToBytes, keccak256 } from "viem";
import { auditStep } from "./draw.ts";

/** What re-execution from the right start gave (segmentStart.ts); roots are 0x-hex of 32 bytes. */
export interface Replayed {
  firstStep: number;
  lastStep: number;
  trace: { startRoot: Hex; endRoot: Hex; historyRoot: Hex };
  /** Content id of the checkpoint it ended in. */
  checkpoint: Hex;
  tokens: number;
  stepRoots: readonly Hex[];
  stateRoots: readonly Hex[];
}

export interface Verdict {
  ok: boolean;
  stepRoot: Hex;
  path: readonly Hex[];
  /** The auditor's own history root when the segment is false, else 32 zero bytes. */
  altHistoryRoot: Hex;
}

/** Does the commitment say nothing but what the replay did, for this order's program and data? */
function isRight(commitment: SegmentCommitment, replayed: Replayed, order: { program: Hex; dataRoot: Hex }): boolean {
  const { trace } = replayed;
  return (
    commitment.firstStep === BigInt(replayed.firstStep) &&
    commitment.lastStep === BigInt(replayed.lastStep) &&
    commitment.program === order.program &&
    commitment.dataRoot === order.dataRoot &&
    commitment.startRoot === trace.startRoot &&
    commitment.endRoot === trace.endRoot &&
    commitment.historyRoot === trace.historyRoot &&
    commitment.checkpoint === replayed.checkpoint &&
    commitment.tokens === BigInt(replayed.tokens)
  );
}

/**
 * The segment is right exactly when everything it commits to is what the replay gives. Otherwise the rival history has
 * as many leaves as the committed one: the replayed steps from the right start on, then zeros where there are no more.
 * When only another field is false, that would be the committed history itself; the state roots stand in for the step
 * roots then. Either way two honest auditors name the same root, and nobody can without replaying.
 * @param index place of the auditor's drawn step in the commitment
 */
export function verdictOf(
  commitment: SegmentCommitment,
  replayed: Replayed,
  { index, ...order }: { index: number; program: Hex; dataRoot: Hex },
): Verdict {
  const ok = isRight(commitment, replayed, order);
  const count = Number(commitment.lastStep - commitment.firstStep) + 1;
  const own = openAt(replayed.stepRoots, { count, index });
  if (ok) return { ok, ...own.opened, altHistoryRoot: zeroHash };
  const rival = own.root === commitment.historyRoot ? openAt(replayed.stateRoots, { count, index }) : own;
  return { ok, ...rival.opened, altHistoryRoot: rival.root };
}

function openAt(
  roots: readonly Hex[],
  leaf: { count: number; index: number },
): { root: Hex; opened: Pick<Verdict, "stepRoot" | "path"> } {
  const known = roots.slice(0, leaf.count);
  const { root, path } = paddedHistory(
    known.map((one) => hexToBytes(one)),
    leaf,
  );
  const stepRoot = known[leaf.index] ?? zeroHash;
  return { root: bytesToHex(root), opened: { stepRoot, path: path.map((node) => bytesToHex(node)) } };
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
