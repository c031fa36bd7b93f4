// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "5aa6d440bd558252953ab74484600d39bd7fe331e18d6493ad44a6f122043ec8";
export const outputsHash = "5ed00cf6958438a5afb1973264c22982bc9c27aee95206664ea6e64df765746a";
