// Generated from contracts/ by `npm run generate`. Do not edit.

/** sha256 of the Solidity sources and of the files beside this one. */
export const sourcesHash = "f0379d9567186e6cdfc677c776d92dec112220aa3149931839ce9e66dad440e0";
export const outputsHash = "da5eef2a1123d0bbc1b0a353594364b353a2165a39b6aa77eaa26344cdb71d24";
