// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "4904e81f209e7184e0131418fb3708736ebd636d1be07bf0f01894201d5686a5";
export const outputsHash = "d5a7c1db15b46842302ee146179d80b1b4d630cbc5b9fff7eb2b7cc280506e8b";
