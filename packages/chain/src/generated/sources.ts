// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "023aae524ba1d1df5d960f4a3ecedf4ddbaa821c04ad38311c071189ec1052ea";
export const outputsHash = "4eb867ad1987cd577536c7e22b0ccef5af1beb27fabb788a1a7e485c2446a7f7";
