// Who has a worker next, and which game's worker ends for it. Pure. A worker that ends costs its game a whole replay when it is
// asked again, so a game keeps it to its end and the others wait with their clocks, which is what they have them for: it gives
// way only after it was idle for as long as that replay takes, at once where its other side took that long last time, or when
// somebody's clock would be over otherwise; and only where it can come back in time. So more games than workers are played through one after the other, and where there are more
// than can be, those that began are won.

export interface Waiting {
  key: string;
  /** The last second in which it is of use. */
  until: number;
  /** What a replay with its move takes, as measured. */
  seconds: number;
}

export interface Idle {
  key: string;
  /** Seconds left to it when it moved: its clock stands still while it is the other side's turn. */
  left: number;
  seconds: number;
  since: number;
  /** Seconds that its other side took for its last move; 0 before the first. */
  pause: number;
}

export interface Workload {
  now: number;
  /** Kept for the move's way into a block. */
  margin: number;
  workers: number;
  waiting: readonly Waiting[];
  idle: readonly Idle[];
}

/** The earliest clock that can still be met; of those that can't, which no longer matters. */
export function firstServed<T extends Waiting>(waiting: readonly T[], now: number): T | undefined {
  const inTime = waiting.filter((one) => isInTime(one, now));
  return (inTime.length > 0 ? inTime : waiting).reduce<T | undefined>(
    (first, one) => (first === undefined || one.until < first.until ? one : first),
    undefined,
  );
}

/** The idle game whose worker ends for those that wait; undefined: none does yet. */
export function givesWay(load: Workload): string | undefined {
  const { now, idle, waiting } = load;
  if (waiting.length === 0) return undefined;
  const able = idle.filter((one) => comesBack(one, load)).toSorted((a, b) => slackOf(b) - slackOf(a));
  const rested = able.find(({ since, seconds, pause }) => Math.max(pause, now - since) >= seconds);
  if (rested !== undefined || !isPressed(load)) return rested?.key;
  return able[0]?.key;
}

const isInTime = ({ until, seconds }: Waiting, now: number): boolean => now + seconds <= until;

const slackOf = ({ left, seconds }: Idle): number => left - seconds;

const workOf = (waiting: readonly Waiting[]): number => waiting.reduce((sum, { seconds }) => sum + seconds, 0);

/** Its other side moves at once, it waits for everybody whose clock ends before its own, and is in time all the same. */
function comesBack({ left, seconds }: Idle, { now, margin, workers, waiting }: Workload): boolean {
  const before = waiting.filter((one) => one.until <= now + left && isInTime(one, now));
  return margin + workOf(before) / workers + seconds <= left;
}

/** Somebody who waits is late unless a worker begins now. */
function isPressed({ now, margin, workers, waiting }: Workload): boolean {
  const queue = waiting.filter((one) => isInTime(one, now)).toSorted((a, b) => a.until - b.until);
  return queue.some(
    ({ until, seconds }, place) => now + margin + workOf(queue.slice(0, place)) / workers + seconds > until,
  );
}

/** Replays of one game at most: its step roots, the state before the chosen step, and as many again where it had to give way. */
const replaysPerGame = 4;

/**
 * Games that `workers` keep up with, where each waits for the others and both sides use their time: from what a replay takes
 * and a side's clock, in seconds. At least one.
 */
export const gamesKept = ({ workers, seconds, clock }: { workers: number; seconds: number; clock: number }): number =>
  Math.max(1, Math.floor((workers * clock) / (replaysPerGame * seconds)));
