// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "b3d1c9544ef5cdc9c6a44076aaa81b42c9920414eed62afec95e12118792757b";
export const outputsHash = "5872d2482e370545505b8e7b53d866505c0e2a0cfea1cd4c574c8cca97d398cf";
