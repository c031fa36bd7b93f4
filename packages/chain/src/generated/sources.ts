// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "029849cfe2dd023c0529253d086a5771b7d0171242a149049120f155fce5c89c";
export const outputsHash = "9cc0333c88bd951da884b5496d251a24d9623c6dd77a4ab674c9743120c93682";
