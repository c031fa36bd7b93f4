// Why a node ended, as its exit code: stable numbers for scripts and service managers, by error code.

/** First match wins; a trailing dot matches every code that begins so. */
const table: readonly (readonly [string, number])[] = [
  ["flags.", 2],
  ["port.taken", 10],
  ["node.stake", 11],
  ["store.full", 12],
  ["blob.full", 12],
  ["disk.full", 12],
  ["chain.unreachable", 13],
  ["keystore.", 14],
  ["key.", 14],
  ["network.", 15],
  ["node.unregistered", 16],
  ["store.locked", 17],
  ["home.", 18],
];

export function exitCodeOf(code: string | undefined): number {
  const found = table.find(([key]) => (key.endsWith(".") ? code?.startsWith(key) : code === key));
  return found?.[1] ?? 1;
}
