// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "48242c42f9a9fe0570b7b8d3c1bc194d45062ee44785f756d0437345b0d20981";
export const outputsHash = "e31b5f46712ae147d85a754cfffce94496aa5689ab47bf3117f3518519c59061";
