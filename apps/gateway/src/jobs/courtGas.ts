// What a job's disputes cost in gas, by the call, whoever sent it. Pure.
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";

/** Each transaction once, under the first call that it is told of: `court.challenge`, `court.reveal`, `court.proveWord`. */
export function courtGas(events: readonly DisputeEvent[]): Map<string, bigint> {
  const seen = new Set<string>();
  const byAction = new Map<string, bigint>();
  for (const event of events) {
    const call = callOf(event);
    if (call === undefined || seen.has(event.transaction)) continue;
    seen.add(event.transaction);
    const action = `court.${call}`;
    byAction.set(action, (byAction.get(action) ?? 0n) + BigInt(event.gas));
  }
  return byAction;
}

/** undefined: told of beside something else of the same transaction. */
function callOf(event: DisputeEvent): string | undefined {
  switch (event.kind) {
    case "challenged":
      return event.ground === "start" ? "challengeStart" : "challenge";
    case "gameBegan":
      return undefined;
    case "move":
      return event.call;
    case "verdict":
      return event.proof ?? "timeout";
    case "slashed":
      return event.game === undefined ? "prove" : "conclude";
    case "rivalLost":
    case "voided":
      return "conclude";
    case "reclaimed":
      return "reclaim";
  }
}
