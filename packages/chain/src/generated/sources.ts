// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "e6d6f5f50378e25f75ec33112a4ba82f9b80775a30658da3e97a49441ed51de9";
export const outputsHash = "036b0f317644069c5b038f9e9b8867d47b900f745449a332b8ff8e845a0c60a1";
