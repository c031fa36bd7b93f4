// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "07c440325e9f5cd0587d924e7ca27ab46d60e8b4f3e8e5c985c41eee833c3a50";
export const outputsHash = "d666fa7dcc0d5a17c78302e9af7c6370a4176f71507ba2db4e6b380e6c54588a";
