// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "5fa63425176a4296b6c3bf32bc91830b034839cb02df6a2a481e92f99ff3b07e";
export const outputsHash = "16f08ff8390c25216f07eb72f952c9fff02721c9dd80d7c12f4e0d725f5309b1";
