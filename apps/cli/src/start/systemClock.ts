// The wall clock as the Clock port.
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@weft/protocol/Clock";

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
