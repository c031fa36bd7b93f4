// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "0af4603d1d3d926989f79eaa68828dfa91932038f3e169b5ea81ab8e53550b08";
export const outputsHash = "4126882a59f639cd8a5fe4b69999c8769f6868133899781766dfa9a2db624b61";
