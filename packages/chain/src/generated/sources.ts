// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "41fa73a0b2f1669776a0ae81a0002038e36840cea13ba1ad512336f46a5088e7";
export const outputsHash = "b947bbb31b3e8f66b003770b8a8f62ce774692e3b229a4fddf726fda8d35d1e1";
