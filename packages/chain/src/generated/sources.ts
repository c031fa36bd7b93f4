// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "8a6910d6d5cc84233747f03d2ece3fbae9fc2a7ee2111573eb6fa4164237d7c5";
export const outputsHash = "6c11c881332f3cee1ec3f8abb19264fe4d5b08a62520099920ba1fd7f1b6788e";
