// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "bb8e075f2c532e789af742d826d73356f3e7b24f9654dde4989dad158ab9ebb6";
export const outputsHash = "e8206283b5feb1dd353a0ad2f0f4bb0b688bd0e499caff81e68121c95f7289bc";
