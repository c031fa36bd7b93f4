// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "1cfa979df6459b05612d12f76558943039b90cd5e355f4087a66edcf9cf70b7b";
export const outputsHash = "53ff7df06f27ed14b9dd063bd988a9c0d0aac2af180fe736b2700ec17e2cba87";
