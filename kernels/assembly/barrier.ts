// A two-phase barrier for threads that run the same operators on the same memory. The word at `at` counts arrivals,
// the word at `at + 4` is the phase. Spins briefly, then sleeps: a busy machine's other core may not be ours.

const SPINS = 4000;

export function barrier(at: usize, threads: i32): void {
  if (threads == 1) return;
  const phase = atomic.load<i32>(at, 4);
  if (atomic.add<i32>(at, 1) + 1 == threads) {
    atomic.store<i32>(at, 0);
    atomic.add<i32>(at, 1, 4);
    atomic.notify(at + 4, threads);
    return;
  }
  for (let i = 0; i < SPINS; i++) if (atomic.load<i32>(at, 4) != phase) return;
  while (atomic.load<i32>(at, 4) == phase) atomic.wait<i32>(at + 4, phase, -1);
}
