// Runs a plan: a list of commands (words.ts) that every thread of a team goes through, each doing its share of each, with
// barriers where the host put them. One call per run; nothing is allocated.
import { attendCommand, cacheRowsCommand, gatherPanelsCommand } from "./attention";
import { barrier } from "./barrier";
import { chainCommand } from "./chain";
import { CONTROL_FAILURE, CONTROL_PLAN, CONTROL_SEQUENCE } from "./control";
import { gatherCommand, oneHotCommand, scatterAddCommand, toFloatCommand, toInt8Command } from "./indexed";
import { copyCommand, swapPairsCommand } from "./moves";
import { packCommand, productCommand } from "./productCommands";
import { reduceCommand } from "./reductions";
import { hashSubtreesCommand, hashTopsCommand } from "./tensorHash";
import {
  ATTEND, BARRIER, CACHE_ROWS, CHAIN, COPY, END, GATHER, GATHER_PANELS, HASH_SUBTREES, HASH_TOPS, MATMUL, MATMUL_INT8,
  ONE_HOT, PACK, PACK_INT8, REDUCE, SCATTER_ADD, SWAP_PAIRS, TO_FLOAT, TO_INT8, word,
} from "./words";

/** This thread's part of every command of the plan. */
function runPlan(plan: usize, thread: u32, threads: u32, scratch: usize, control: usize): void {
  for (let w = plan; ; w += word(w, 1) << 2) {
    switch (<u32>word(w, 0)) {
      case END: return;
      case BARRIER: barrier(control, threads); break;
      case MATMUL: productCommand(w, thread, threads, scratch, false); break;
      case MATMUL_INT8: productCommand(w, thread, threads, scratch, true); break;
      case PACK: packCommand(w, thread, threads, false); break;
      case PACK_INT8: packCommand(w, thread, threads, true); break;
      case CHAIN: chainCommand(w, thread, threads, scratch, plan, control); break;
      case REDUCE: reduceCommand(w, thread, threads); break;
      case COPY: copyCommand(w, thread, threads); break;
      case SWAP_PAIRS: swapPairsCommand(w, thread, threads); break;
      case GATHER: gatherCommand(w, thread, threads, plan, control); break;
      case ONE_HOT: oneHotCommand(w, thread, threads, plan, control); break;
      case SCATTER_ADD: scatterAddCommand(w, thread, threads, plan, control); break;
      case TO_INT8: toInt8Command(w, thread, threads); break;
      case TO_FLOAT: toFloatCommand(w, thread, threads); break;
      case HASH_SUBTREES: hashSubtreesCommand(w, thread, threads, scratch); break;
      case HASH_TOPS: hashTopsCommand(w, thread, threads, scratch); break;
      case GATHER_PANELS: gatherPanelsCommand(w, thread, threads, plan, control); break;
      case CACHE_ROWS: cacheRowsCommand(w, thread, threads, plan, control); break;
      case ATTEND: attendCommand(w, thread, threads, scratch, plan, control); break;
      default: unreachable();
    }
  }
}

/** Thread 0: starts the team on a plan, does its share, returns when all are done: 0, or a failed command's place + 1. */
export function lead(plan: usize, threads: u32, scratch: usize, control: usize): u32 {
  atomic.store<u32>(control, 0, CONTROL_FAILURE);
  if (threads > 1) {
    atomic.store<u32>(control, <u32>plan, CONTROL_PLAN);
    atomic.add<u32>(control, 1, CONTROL_SEQUENCE);
    atomic.notify(control + CONTROL_SEQUENCE, threads);
  }
  runPlan(plan, 0, threads, scratch, control);
  barrier(control, threads);
  return atomic.load<u32>(control, CONTROL_FAILURE);
}

/** The other threads: run what the leader starts, until it dismisses them. `seen` is the sequence when the team was made. */
export function follow(thread: u32, threads: u32, scratch: usize, control: usize, seen: u32): void {
  for (;;) {
    for (let spins = 0; spins < 20_000; spins++) if (atomic.load<u32>(control, CONTROL_SEQUENCE) != seen) break;
    while (atomic.load<u32>(control, CONTROL_SEQUENCE) == seen) atomic.wait<i32>(control + CONTROL_SEQUENCE, <i32>seen, -1);
    seen++;
    const plan = <usize>atomic.load<u32>(control, CONTROL_PLAN);
    if (plan == 0) return;
    runPlan(plan, thread, threads, scratch, control);
    barrier(control, threads);
  }
}

/** Sends the followers home. */
export function dismiss(threads: u32, control: usize): void {
  atomic.store<u32>(control, 0, CONTROL_PLAN);
  atomic.add<u32>(control, 1, CONTROL_SEQUENCE);
  atomic.notify(control + CONTROL_SEQUENCE, threads);
}
