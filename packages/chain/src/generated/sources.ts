// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "e2d10ecb6a628ae3d9220cba2e1a1a4de0e7a27ebb4136a684a5c25c0c9f7c88";
export const outputsHash = "1032615a7b5ec23fbb969f20a164c111c42b9001bbb94c576da2ab334cb8c839";
