// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "24674a3b51286fd55ab880b83fefdfe0a8a205de34f6f12e7fc72fb5427d241b";
export const outputsHash = "4d29b1298a7aa7e3babf8efecccd6c9fae2a427adfb654ba0662efbbf4398425";
