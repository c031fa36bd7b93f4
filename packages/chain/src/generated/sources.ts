// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "ef40d93db23a3db491169b9b28e8962f3a1078799408ae306dd43e9d19ec0755";
export const outputsHash = "1032615a7b5ec23fbb969f20a164c111c42b9001bbb94c576da2ab334cb8c839";
