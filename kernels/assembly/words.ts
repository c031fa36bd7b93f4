// Commands of a plan: what the host writes and execute.ts runs. A command is a list of u32 words: [op, length in words,
// operands …]; addresses are bytes, counts elements. The host's side is packages/tensor/src/kernel/encode*.ts.

/** Op words. */
export const END: u32 = 0;
export const BARRIER: u32 = 1;
export const MATMUL: u32 = 2;
export const MATMUL_INT8: u32 = 3;
export const PACK: u32 = 4;
export const PACK_INT8: u32 = 5;
export const CHAIN: u32 = 6;
export const REDUCE: u32 = 7;
export const COPY: u32 = 8;
export const SWAP_PAIRS: u32 = 9;
export const GATHER: u32 = 10;
export const ONE_HOT: u32 = 11;
export const SCATTER_ADD: u32 = 12;
export const TO_INT8: u32 = 13;
export const TO_FLOAT: u32 = 14;
export const HASH_SUBTREES: u32 = 15;
export const HASH_TOPS: u32 = 16;
export const GATHER_PANELS: u32 = 17;
export const CACHE_ROWS: u32 = 18;
export const ATTEND: u32 = 19;

/** Word `i` of the command at `w`. */
@inline
export function word(w: usize, i: usize): usize {
  return <usize>load<u32>(w + (i << 2));
}

/** First unit of a thread's share of `count`; the next thread's first is one past its last. */
@inline
export function shareFirst(count: usize, thread: u32, threads: u32): usize {
  return <usize>((<u64>count * thread) / threads);
}
