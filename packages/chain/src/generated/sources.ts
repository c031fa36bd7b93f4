// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "d7f7a9e4f6511fe88be7a0e21d11c453aff41e659aad14a1c618e0e8663391e2";
export const outputsHash = "1032615a7b5ec23fbb969f20a164c111c42b9001bbb94c576da2ab334cb8c839";
