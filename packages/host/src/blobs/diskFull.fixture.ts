// Child of BlobStore.test.ts, run under a file size limit (`ulimit -f`): the disk refuses bytes half way. Prints the
// error's code and what is left. argv: folder.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openBlobs } from "./BlobStore.ts";

const folder = String(process.argv[2]);
const blobs = openBlobs(folder);
const small = await blobs.put(new Uint8Array(1000).fill(1), { maxBytes: 1e6 });
const code = await blobs.put(new Uint8Array(1e6).fill(2), { maxBytes: 1e6 }).then(
  () => "stored",
  (error) => error.code,
);
const left = {
  code,
  used: blobs.usedBytes,
  parts: readdirSync(join(folder, "tmp")).length,
  there: blobs.has(small.contentId),
};
process.stdout.write(JSON.stringify(left));
