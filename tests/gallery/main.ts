// npm run -s gallery [-- --write]: plays every attack on a real chain and prints how it ended; --write renews docs/attack-gallery.md.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../tools/skips.ts";
import { renderPage } from "./page.ts";
import { runGallery } from "./runGallery.ts";

const page = renderPage(
  ...(await runGallery((one) => {
    const place = "depth" in one ? `${one.end} at ${one.depth}` : one.end;
    process.stdout.write(`${one.name.padEnd(40)} ${place}\n`);
  })),
);
if (process.argv.includes("--write")) writeFileSync(join(repositoryRoot, "docs/attack-gallery.md"), page);
else process.stdout.write(`\n${page}`);
process.exit(0);
