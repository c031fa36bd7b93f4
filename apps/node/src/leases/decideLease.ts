// What a provider does next about a lease as a whole. Pure: the chain's facts and how far the node's own work is.
import type { LeaseFacts } from "@weft/chain/facts";
import type { LeasePhase } from "./LeaseBody.ts";

export interface LeaseInput {
  facts: LeaseFacts | undefined;
  phase: LeasePhase;
  now: bigint;
  startDeadlineSeconds: bigint;
  /** The runtime works on it in this process. */
  attached: boolean;
  /** Every finished segment has its answer, or can have none any more. */
  answered: boolean;
  /** Why this node must not begin work, or undefined. */
  stopping: boolean;
}

export type LeaseAction =
  | { act: "wait"; for: "chain" | "open" | "runtime" | "answers" | "buyer" | "settle" | "restart" }
  | { act: "fetch" }
  | { act: "start" }
  | { act: "run" }
  | { act: "stop"; why: "closed" }
  | { act: "close"; reason: "completed" | "providerQuit" }
  | { act: "closeUnstarted" }
  | { act: "forget" };

const over = new Set(["closing", "settling"]);

export function decideLease(input: LeaseInput): LeaseAction {
  const { facts, phase, attached } = input;
  if (facts === undefined) return { act: "wait", for: "chain" };
  if (facts.state === "settled") return attached ? { act: "stop", why: "closed" } : { act: "forget" };
  if (over.has(facts.state)) return attached ? { act: "stop", why: "closed" } : { act: "wait", for: "settle" };
  if (facts.state === "running") return runningAction(input, facts);
  const pledged = facts.state === "inputsReady";
  const since = pledged ? facts.readyAt : facts.openedAt;
  // From `open` the start fee is this node's; from `inputsReady` it would be its own bond that goes.
  if (input.now > since + input.startDeadlineSeconds)
    return pledged ? { act: "wait", for: "settle" } : { act: "closeUnstarted" };
  if (phase === "failed") return { act: "close", reason: "providerQuit" };
  // A third node has the inputs and this one has not: whosever fault that is, quitting in time costs nothing.
  const lost = pledged && phase !== "ready" && input.now > since + (input.startDeadlineSeconds * 3n) / 4n;
  if (lost && !input.stopping) return { act: "close", reason: "providerQuit" };
  if (phase === "waiting") return { act: "wait", for: "open" };
  if (input.stopping) return { act: "wait", for: "restart" };
  return phase === "inputs" ? { act: "fetch" } : { act: "start" };
}

function runningAction(input: LeaseInput, facts: LeaseFacts): LeaseAction {
  const { phase, attached, now } = input;
  if (now >= facts.startedAt + facts.durationSeconds) return { act: "close", reason: "completed" };
  if (phase === "failed")
    return input.answered ? { act: "close", reason: "providerQuit" } : { act: "wait", for: "answers" };
  if (phase === "finished") return { act: "wait", for: input.answered ? "buyer" : "answers" };
  if (attached) return { act: "wait", for: "runtime" };
  if (input.stopping) return { act: "wait", for: "restart" };
  // Started on chain, inputs lost or never noted: fetch again, the gateway may have to open the job once more.
  if (phase === "waiting") return { act: "wait", for: "open" };
  return phase === "inputs" ? { act: "fetch" } : { act: "run" };
}
