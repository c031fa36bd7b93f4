// V8 flags of a node's process: a resting node should be small. The young generation stays small and size counts for
// more than speed; the computing is done by worker processes, which don't inherit this.
//
// Who starts a node gives them on the command line: V8 throws away cached code that was compiled under other flags, and
// Node picks the folder of its compile cache by the flags it was started with, so that nodes share one folder and leave
// alone that of processes without flags. main.ts sets them for a node that was started without.
export const v8Flags = ["--semi-space-growth-factor=1", "--optimize-for-size"] as const;
