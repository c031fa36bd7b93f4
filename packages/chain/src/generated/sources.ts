// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "e601b36c3d9d203cca4bb46e177a130d6016f7c15f36acbd5a2c43a9cd9accaa";
export const outputsHash = "bfcff0a4164f704847f56413950354c3e960ddf7e33509b2ef97394e792dd849";
