// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "c14f1ce5b6c129a2a5ed7101d02e530c0d8c2cc9b104dd86d0e2b536bf1373f7";
export const outputsHash = "e83d0bb89aa6a8016bcfd9f74fed9abb7b67bfd35329f3e83a247655421c54a7";
