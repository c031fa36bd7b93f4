// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "fa0b1a4ad45394874173eddf7a9552572cdaaef8310b37368c4977e1191d8bc9";
export const outputsHash = "4126882a59f639cd8a5fe4b69999c8769f6868133899781766dfa9a2db624b61";
