// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "4ec1e196e66790fbf9d491cc17f0f6ec5ac31d741d5a098e6500dccf60ff6797";
export const outputsHash = "68b1d2ccc7950aff91d7bca33e5e1c226800d58e084330d012afc8fc90d7135a";
