// Numbers that only go up, such as an offer slot's seq: taken on disk before they are signed, never given twice.
import { WeftError } from "@weft/protocol/Errors";
import { get, type Store } from "./Store.ts";

/** Most counters a node keeps: pools × slots and a few. */
const maxCounters = 4096;

/** The next value, from 1 on, and above `atLeast` (the chain's minSeq after a lost store). */
export function nextCounter(store: Store, options: { name: string; atLeast?: bigint }): bigint {
  const { count } = get(store, "select count(*) as count from counters where name <> ?", [options.name]) as {
    count: bigint;
  };
  if (count >= maxCounters)
    throw new WeftError(`more than ${maxCounters} counters`, { code: "store.counters", fault: "us" });
  const row = get(
    store,
    `insert into counters(name, value) values (?1, ?2 + 1)
     on conflict(name) do update set value = max(value, ?2) + 1 returning value`,
    [options.name, options.atLeast ?? 0n],
  );
  return row?.["value"] as bigint;
}

/** The last value given; 0 when none was. */
export function lastCounter(store: Store, options: { name: string }): bigint {
  return (
    (get(store, "select value from counters where name = ?", [options.name])?.["value"] as bigint | undefined) ?? 0n
  );
}
