// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "acdb1fc9d2f870a838b5b7371988a5204e622ad74728bf3b5eb91ee16db9f345";
export const outputsHash = "53ff7df06f27ed14b9dd063bd988a9c0d0aac2af180fe736b2700ec17e2cba87";
