// Entry of the Weft tensor kernels, numericsId `fp32-seq-unfused`. Memory is imported and laid out by the host
// (packages/tensor/src/Kernel.ts); nothing here allocates, and the first 64 KiB belong to this module's constants.
export { matmulNT, transpose } from "./matmul";
export { expInto, logInto, tanhInto, tanhGradient, addRow, sumRows, softmaxCrossEntropy, sumScaled, gather, scatterAdd, adam } from "./pointwise";
export { hashLeaves, hashNodes, hashScratchBytes } from "./sha256";
export { barrier } from "./barrier";
