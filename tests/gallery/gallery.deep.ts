// The whole attack gallery, and docs/attack-gallery.md against it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../../tools/skips.ts";
import { gasIn, renderPage, withoutGas } from "./page.ts";
import { runGallery } from "./runGallery.ts";

test("every attack is caught on the chain, as docs/attack-gallery.md says", { timeout: 1_800_000 }, async () => {
  const [outcomes, harms] = await runGallery(() => {});
  assert.ok(outcomes.length >= 18 && harms.length >= 4);
  const page = renderPage(outcomes, harms);
  const written = readFileSync(join(repositoryRoot, "docs/attack-gallery.md"), "utf8");
  assert.equal(withoutGas(page), withoutGas(written), "run `npm run -s gallery -- --write` and commit");
  const [now, then] = [gasIn(page), gasIn(written)];
  for (const [i, gas] of now.entries())
    assert.ok(Math.abs(gas - then[i]!) <= 0.03 * gas + 2, `gas figure ${i}: ${gas}k now, ${then[i]}k written`);
});
