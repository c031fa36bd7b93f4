// When an audit's time is up (spec/verification.md), as contracts/src/verification/AuditCases.sol has it.
import type { ProtocolParams } from "@weft/protocol/Params";

type Windows = Pick<ProtocolParams, "auditCommitSeconds" | "auditRevealSeconds" | "maxAuditors">;

/** Unix seconds: last time for a verdict's seal in a case that was opened then and in which nobody has accused. */
export const lastSealAt = (openedAt: bigint, params: Windows): bigint =>
  openedAt + 2n * params.auditCommitSeconds + (params.maxAuditors - 1n) * params.auditRevealSeconds;
