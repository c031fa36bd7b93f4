// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "53091b2332fb8c722b4bacd007ec8b6639816c62929e4c68ea687ec0d387dbc7";
export const outputsHash = "e452abc6cb8372fc5bc342b3f9415731b25b8984aeb6a1a5e8fe8199f214901f";
