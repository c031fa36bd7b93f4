// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "24674a3b51286fd55ab880b83fefdfe0a8a205de34f6f12e7fc72fb5427d241b";
export const outputsHash = "16f08ff8390c25216f07eb72f952c9fff02721c9dd80d7c12f4e0d725f5309b1";
