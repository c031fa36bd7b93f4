// More games than workers, under a clock of the test's: the real queue of workers (Histories.ts), replays that take as long as is
// said, rivals that answer after so long. No machine's speed is in it.
import type { Dispute, DisputeOptions } from "@weft/compute/tensor/openDispute";
import type { CourtStruct } from "@weft/verification/court/Move";
import { Histories } from "./Histories.ts";

/** Clocks of preset `standard`, seconds. */
const [clock, extension, inclusion] = [14_400, 900, 300];
const moveSeconds = 2;

export interface Crowd {
  games: number;
  workers: number;
  /** Of one segment, seconds. */
  replay: number;
  /** Of each side. */
  moves: number;
  /** Seconds until a rival answers. */
  answers: number;
}

class Timeline {
  now = 0;
  readonly #timers: { at: number; go: () => void }[] = [];

  sleep(seconds: number): Promise<void> {
    return new Promise((go) => this.#timers.push({ at: this.now + seconds, go }));
  }

  /** The next thing happens; false when nothing is left to. */
  async step(): Promise<boolean> {
    await settled();
    const [first] = this.#timers.sort((a, b) => a.at - b.at);
    if (first === undefined) return false;
    this.#timers.shift();
    this.now = first.at;
    first.go();
    await settled();
    return true;
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Plays them all: games that lost by silence, replays that were made, hours until the last one ended. */
export async function playCrowd(crowd: Crowd): Promise<{ lost: number; replays: number; hours: number }> {
  const time = new Timeline();
  const counts = { lost: 0, over: 0, replays: 0 };
  const open = (_: DisputeOptions): Dispute => {
    counts.replays++;
    const ready = time.sleep(crowd.replay).then(() => ({}) as CourtStruct);
    const oracle = { firstNan: async () => undefined } as Dispute["oracle"];
    return { oracle, program: () => ready, close: async () => {} };
  };
  const histories = new Histories(open, { limit: crowd.workers, now: () => time.now, margin: inclusion });
  const play = async (key: string) => {
    if (!(await playGame(crowd, { key, histories, time }))) counts.lost++;
    counts.over++;
    await histories.close(key);
  };
  for (let game = 0; game < crowd.games; game++) void play(`game ${game}`);
  // The node's loop looks every second; here every time that something happens, and every minute.
  const ticks = async () => {
    while (counts.over < crowd.games) await time.sleep(60);
  };
  void ticks();
  while (counts.over < crowd.games && (await time.step())) histories.letGo(({ until }) => until < time.now);
  return { lost: counts.lost, replays: counts.replays, hours: time.now / 3600 };
}

/** One side's moves by the court's clock (spec/court.md §5); false when it was silent for too long. */
async function playGame(
  { moves, answers }: Crowd,
  { key, histories, time }: { key: string; histories: Histories; time: Timeline },
): Promise<boolean> {
  let left = clock;
  for (let move = 0; move < moves; move++) {
    const since = time.now;
    const until = since + left + inclusion;
    const held = await histories
      .acquire(key, { options: async () => ({}) as DisputeOptions, until })
      .catch(() => undefined);
    // Nothing that was answered before is enough for the move.
    const asked = await held?.history.oracle.firstNan().then(
      () => true,
      () => false,
    );
    if (held === undefined || !asked) return false;
    await time.sleep(moveSeconds);
    held.release();
    if (time.now > until) return false;
    left = Math.max(extension, left - Math.max(0, time.now - since - inclusion));
    await time.sleep(answers);
  }
  return true;
}
