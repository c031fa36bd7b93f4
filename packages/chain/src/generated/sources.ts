// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "b09cf28e077bb9e936a5b0dab9624acb35436f3c86070357468c7fec197ff59a";
export const outputsHash = "99c2bf7bcc40988302ccc2ac83c1d14bfd74f413189e559a0c5776b4a6ee991f";
