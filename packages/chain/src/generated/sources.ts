// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "09a8263cc98b72cd69d94b2ad22da3e5229c33bfa7297c50e9bccaec6555e957";
export const outputsHash = "5872d2482e370545505b8e7b53d866505c0e2a0cfea1cd4c574c8cca97d398cf";
