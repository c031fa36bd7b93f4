// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "3f309cd3ecddf4f0e0bc497e7787bd0e58b9f52d0769970f3ede1cd6c6fb8636";
export const outputsHash = "366bdde5980407925b88b0e7e8cee7884f6796bc4a913781dd7e0b14b9c74d4f";
