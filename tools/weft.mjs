#!/usr/bin/env node
// `npx weft …` on a bare clone: sets up on first use, then runs the command line.
process.argv.splice(2, 0, "weft");
await import("./up.mjs");
