// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "5e77d08c0c732316aca390c47e7a7904702ca4f46d90defa2090cff6dc265e14";
export const outputsHash = "27f5e2a457f63c56b8dce3b8008e07bb1f910a086ea74fcad043400a186a0cd8";
