// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "7b70d9f731673e164ab50622647ac4e20a386d6b10a0df526538979c91838818";
export const outputsHash = "68b1d2ccc7950aff91d7bca33e5e1c226800d58e084330d012afc8fc90d7135a";
