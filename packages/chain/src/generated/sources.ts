// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "96b740c5bcef01563afb7ff33c359bfc730280c127045f69378ae1fb9ad73ed4";
export const outputsHash = "4758d339910c0e33707c8b57ba071ab49d26c46a47e42ed8c4b44fd689d0f8ef";
