// Entry of the Weft tensor kernels, numericsIds `fp32-seq-unfused` and `int8-int32`. Memory is imported and laid out by the
// host; nothing here allocates, and the first 64 KiB belong to this module's constants.

// Plans (packages/tensor/src/kernel): commands that a team of threads runs on one memory.
export { dismiss, follow, lead } from "./execute";
export { fillHashTables, hashTableBytes, tensorHashScratchBytes } from "./tensorHash";
// Exported for what that forbids the optimiser (lanes.ts).
export { constants, logConstants } from "./lanes";
export { peakNarrow, peakWide } from "./peak";
// Inner loops, exported so that the optimiser leaves them functions of their own: V8 allocates their registers alone.
export { productScratchBytes } from "./product";
export { panelBlocks, panelPairBlocks, panelTripleBlocks } from "./productBlocks";
export { panelPairRowsInt8, panelRowsInt8, productInt8ScratchBytes } from "./productInt8";
export { mixValues, mixValuesOfBlock, scaleRow, shiftedPowers } from "./attention";
