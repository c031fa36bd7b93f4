// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "502be209965be188a0982ab85506482bd7d66a81020d1892880563e8e7624432";
export const outputsHash = "5872d2482e370545505b8e7b53d866505c0e2a0cfea1cd4c574c8cca97d398cf";
