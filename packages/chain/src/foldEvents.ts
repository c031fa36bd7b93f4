// Events → snapshot: the one place where the chain's history becomes state. Pure; the same history gives equal state.
import type { ChainEvent, Place } from "./Events.ts";
import { audits } from "./fold/audits.ts";
import { beacon } from "./fold/beacon.ts";
import { channels } from "./fold/channels.ts";
import { court } from "./fold/court.ts";
import { courts } from "./fold/courts.ts";
import { market } from "./fold/market.ts";
import { registry } from "./fold/registry.ts";
import type { Snapshot } from "./Snapshot.ts";

const reducers = { registry, channels, market, audits, beacon, courts, court };

type AnyReducer = (state: Snapshot, args: unknown, at: Place) => Snapshot;

export function foldEvent(state: Snapshot, event: ChainEvent): Snapshot {
  const table = reducers[event.contract] as Record<string, AnyReducer | undefined>;
  const changed = table[event.eventName]?.(state, event.args, event.at) ?? state;
  return { ...changed, block: event.at.block, timestamp: event.at.timestamp };
}

/** All events of some blocks, then the stamp of the last block. */
export function foldEvents(
  state: Snapshot,
  events: Iterable<ChainEvent>,
  head: { number: bigint; timestamp: bigint },
): Snapshot {
  let folded = state;
  for (const event of events) folded = foldEvent(folded, event);
  return { ...folded, block: head.number, timestamp: head.timestamp };
}
