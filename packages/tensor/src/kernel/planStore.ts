// Where the words of plans live in memory. Released places are used again, so that plans which come and go with a growing
// sequence need no more memory than a few of them.
import type { Arena } from "./Arena.ts";

type Place = { readonly at: number; readonly bytes: number };

export type PlanStore = { take(bytes: number): Place; give(place: Place): void };

/** Places are rounded up to this, so that plans of nearly one length fit each other's. */
const GRAIN = 4096;

export function createPlanStore(arena: Pick<Arena, "reserve">): PlanStore {
  const free: Place[] = [];
  return {
    take(bytes) {
      const fitting = free.findIndex((place) => place.bytes >= bytes);
      if (fitting >= 0) return free.splice(fitting, 1)[0]!;
      const rounded = Math.ceil(bytes / GRAIN) * GRAIN;
      return { at: arena.reserve(rounded), bytes: rounded };
    },
    give(place) {
      free.push(place);
    },
  };
}
