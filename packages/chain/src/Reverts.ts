// Turns what the chain answers into WeftErrors: custom errors of every contract by name and operands, and the usual
// troubles of an RPC. `market.PriceAboveCeiling` is both the Solidity error and the code.
import { type Fault, WeftError } from "@weft/protocol/Errors";
import {
  type Abi,
  BaseError,
  decodeErrorResult,
  type Hex,
  HttpRequestError,
  isHex,
  TimeoutError,
  toFunctionSelector,
} from "viem";
import { abis, type ContractName, contractNames } from "./Abis.ts";

/** What a person can do about the refusals met most often; the rest speak for themselves through their operands. */
const advice: Record<string, { remedy: string; fault?: Fault; retryable?: boolean }> = {
  "market.PriceAboveCeiling": { remedy: "raise the order's price ceiling, or wait for a cheaper offer" },
  "market.ClassMismatch": { remedy: "match offers of the order's hardware class only" },
  "market.AttributesTooLow": { remedy: "lower the order's minimum attributes, or pick a larger machine" },
  "market.OfferExpired": { remedy: "ask the provider for a fresh offer", fault: "provider", retryable: true },
  "market.OrderExpired": { remedy: "sign the order again with a later expiry" },
  "market.OfferCancelled": { remedy: "use the provider's newer offer", fault: "provider" },
  "market.BiddingOpen": { remedy: "wait until the bidding time is over", retryable: true },
  "market.UnitsUnavailable": { remedy: "order fewer units, or pick an offer with more" },
  "market.NonceUsed": { remedy: "sign the order with a nonce that was not used before" },
  "market.SessionMissing": { remedy: "name a session key in the order, or let it pay by accrue" },
  "market.FillTaken": { remedy: "another matcher opened this lease first; follow that one" },
  "market.ParamsMismatch": { remedy: "read the network file again: the order names other parameters" },
  "market.MatcherNotAllowed": { remedy: "only the matcher that the order names may open it" },
  "market.BudgetExceeded": { remedy: "raise the order's budget, or shorten its duration" },
  "market.StartTooLate": { remedy: "the start deadline passed: close the lease as unstarted", fault: "provider" },
  "market.SettleTooEarly": { remedy: "wait for the claim window and the release delay", retryable: true },
  "channels.FreeTooLow": { remedy: "deposit more, or wait until leases settle and give back what they reserved" },
  "channels.EarnedTooLow": { remedy: "withdraw at most what has been released" },
  "channels.BondFreeTooLow": { remedy: "fund the node's bonds", fault: "provider" },
  "channels.SessionExpired": { remedy: "grant the session key again" },
  "channels.SessionRevoked": { remedy: "grant the session key again" },
  "channels.SessionCapExceeded": { remedy: "raise the session's daily cap, or wait for the next UTC day" },
  "channels.ChannelFrozen": { remedy: "an audit or dispute is open on this lease; wait for its end", retryable: true },
  "channels.NothingToClaim": { remedy: "wait for a voucher with a higher amount" },
  "channels.ExitNotDue": { remedy: "wait for the exit delay", retryable: true },
  "registry.PoolFull": { remedy: "wait for a lease to end, or pick another offer", fault: "provider", retryable: true },
  "registry.StakeTooLow": { remedy: "stake more WEFT on the node", fault: "provider" },
  "registry.OperatorTaken": { remedy: "use a fresh operator key: one key belongs to one node for ever" },
  "registry.StillUnbonding": { remedy: "wait for the unbonding delay", retryable: true },
  "registry.LeasesUnsettled": {
    remedy: "leave the least stake in until the node's leases are settled, and the unbonding delay after that",
    retryable: true,
  },
  "court.NotThisCourt": { remedy: "only leases of tier exact whose order pinned this court can be disputed here" },
  "court.LeaseSettled": { remedy: "nothing is left to do: what is settled can't be challenged" },
  "court.WindowOver": {
    remedy: "nothing is left to do: a commitment can be challenged within the challenge window only",
  },
  "court.AlreadyConvicted": { remedy: "nothing is left to do: the segment is void by an earlier one of its lease" },
  "court.Eliminated": { remedy: "nothing is left to do: the segment was found false" },
  "court.StillRetractable": {
    remedy: "wait until the beacon round that the commitment names has begun",
    retryable: true,
  },
  "court.GasTooLow": { remedy: "send the verdict with more gas", retryable: true },
  "court.TooManyRivals": { remedy: "wait until a rival of this segment is through", retryable: true },
  "court.BondTooLow": { remedy: "ask for the next bond again: another rival was named meanwhile", retryable: true },
  "court.DepositTooLow": { remedy: "bring the bond with the challenge, or deposit it in the court first" },
  "audits.DrawNotReady": { remedy: "wait for the commitment's beacon round", retryable: true },
  "audits.NotYourTurn": { remedy: "wait for the first auditor's window to pass", retryable: true },
  "beacon.RoundNotFuture": { remedy: "name a round that has not started" },
  "beacon.RoundNotOver": { remedy: "wait until the round is over", retryable: true },
  "beacon.AlreadyBrought": { remedy: "nothing is left to do: the round's value is known" },
};

interface Known {
  contract: ContractName;
  abi: Abi;
}

const bySelector: Map<Hex, Known[]> = indexErrors();

function indexErrors(): Map<Hex, Known[]> {
  const index = new Map<Hex, Known[]>();
  for (const contract of contractNames)
    for (const item of abis[contract] as Abi) {
      if (item.type !== "error") continue;
      const types = item.inputs.map((input) => canonicalType(input as AbiInput)).join(",");
      const selector = toFunctionSelector(`${item.name}(${types})`);
      index.set(selector, [...(index.get(selector) ?? []), { contract, abi: [item] }]);
    }
  return index;
}

interface AbiInput {
  type: string;
  components?: readonly AbiInput[];
}

function canonicalType(input: AbiInput): string {
  if (!input.type.startsWith("tuple")) return input.type;
  return `(${(input.components ?? []).map(canonicalType).join(",")})${input.type.slice(5)}`;
}

export interface RevertContext {
  /** The contract that was called; its own error wins when several define the same one. */
  called?: ContractName | undefined;
  /** What was being done, for the message: `openLease`. */
  kind: string;
  cause?: unknown;
}

/** The error behind revert data; `chain.reverted` when no contract of ours defines it. */
export function revertError(data: Hex | undefined, context: RevertContext): WeftError {
  const known = data === undefined ? undefined : bySelector.get(data.slice(0, 10) as Hex);
  if (data === undefined || known === undefined) return plainRevert(data, context);
  const match = known.find((entry) => entry.contract === context.called) ?? (known[0] as Known);
  const decoded = decodeErrorResult({ abi: match.abi, data });
  const item = match.abi[0] as { inputs: readonly { name?: string }[] };
  const details: Record<string, string> = {};
  for (const [index, value] of ((decoded.args ?? []) as readonly unknown[]).entries())
    details[item.inputs[index]?.name || `operand ${index}`] = String(value);
  const code = `${match.contract}.${decoded.errorName}`;
  const known_ = advice[code];
  return new WeftError(`${context.kind} was refused: ${decoded.errorName} (${match.contract})`, {
    code,
    details,
    fault: known_?.fault ?? "caller",
    retryable: known_?.retryable ?? false,
    ...(known_ === undefined ? {} : { remedy: known_.remedy }),
    cause: context.cause,
  });
}

const errorStringSelector = "0x08c379a0";

function plainRevert(data: Hex | undefined, context: RevertContext): WeftError {
  const details: Record<string, string> = {};
  if (data?.startsWith(errorStringSelector)) {
    const text = decodeErrorResult({ abi: [errorString], data });
    details["reason"] = String(text.args[0]).slice(0, 300);
  } else if (data !== undefined) details["data"] = data.slice(0, 200);
  return new WeftError(`${context.kind} was refused by the chain`, {
    code: "chain.reverted",
    details,
    cause: context.cause,
  });
}

const errorString = { type: "error", name: "Error", inputs: [{ type: "string", name: "message" }] } as const;

/** Revert data inside whatever viem threw; undefined when there is none. */
function revertDataOf(error: unknown): Hex | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < 12 && typeof current === "object" && current !== null; depth++) {
    const data = (current as { data?: unknown }).data;
    if (isHex(data) && data.length >= 10) return data;
    if (typeof data === "object" && data !== null && isHex((data as { data?: unknown }).data))
      return (data as { data: Hex }).data;
    current = (current as { cause?: unknown }).cause;
  }
  return undefined;
}

const revertText = /execution reverted|reverted/i;

/** True when the EVM refused, as against the RPC failing. */
const isRevert = (error: unknown): boolean => revertDataOf(error) !== undefined || revertText.test(textOf(error));

/** True when the same request may succeed a moment later: no connection, time-out, overload. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  return (
    error.walk(
      (part) =>
        part instanceof TimeoutError ||
        (part instanceof HttpRequestError && (part.status === undefined || part.status === 429 || part.status >= 500)),
    ) !== null
  );
}

/** All messages of the cause chain, for matching what nodes word differently. */
export function textOf(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 12 && typeof current === "object" && current !== null; depth++) {
    const part = current as { message?: unknown; details?: unknown; cause?: unknown };
    parts.push(String(part.message ?? ""), String(part.details ?? ""));
    current = part.cause;
  }
  return parts.join("\n");
}

/** An RPC failure as a WeftError; reverts are decoded. */
export function chainError(error: unknown, context: RevertContext): WeftError {
  if (error instanceof WeftError) return error;
  if (isRevert(error)) return revertError(revertDataOf(error), { ...context, cause: error });
  const text = textOf(error);
  if (/insufficient funds/i.test(text))
    return new WeftError(`${context.kind}: the account cannot pay for gas`, {
      code: "chain.noGas",
      remedy: "send native currency to the account, or use the faucet of the development chain",
      cause: error,
    });
  return new WeftError(`${context.kind}: the chain's RPC failed`, {
    code: isTransient(error) ? "chain.unreachable" : "chain.rpc",
    fault: "network",
    retryable: true,
    details: { reason: (text.split("\n").find((line) => line !== "") ?? "unknown").slice(0, 200) },
    remedy: "check the RPC address and that the chain is running",
    cause: error,
  });
}
