// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "716e524157bb8ee7ca7faa2f906d4ddcb66d5ddf279c92349a59912a4182718d";
export const outputsHash = "5e84a3bd031c099e9f5606b5cfb0a59b11359fc1ec343146c553c0733db81f80";
