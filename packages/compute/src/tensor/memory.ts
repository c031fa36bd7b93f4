// How much of a run's memory its tensors may take.
import type { Task } from "./messages.ts";

/** What the process takes itself: Node's heaps of three threads, code, buffers on their way. */
export const processBytes = 192 * 2 ** 20;

/** Bytes that tensors and tokens may take: the task's memory without the process and the files it reads. */
export function tensorMemory({ memoryMiB }: Pick<Task, "memoryMiB">, inputBytes: number): number {
  return Math.max(0, memoryMiB * 2 ** 20 - processBytes - inputBytes);
}
