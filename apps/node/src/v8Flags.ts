// V8 flags of a node's process, for whoever starts one; they can't be set once it runs. A resting node should be small:
// a young generation that may not grow saves about 20 MiB. The computing is done by worker processes, which don't
// inherit this. Only flags that leave compiled code as it is: V8 throws away cached code that was compiled under
// others, so nodes and gateway would spoil each other's compile cache at every start.
export const v8Flags = ["--max-semi-space-size=1"] as const;
