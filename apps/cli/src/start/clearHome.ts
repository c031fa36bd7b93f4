// Empties a home without letting go of its lock. For a network that can't be continued.
import { rmSync } from "node:fs";
import type { Home } from "../Home.ts";
import { fileError } from "../systemErrors.ts";

/** Removes chain, keys, nodes, gateway and files of one network; keeps models in `out` and what runs. */
export function clearHome(home: Home): void {
  for (const path of [home.network, home.chain, home.nodes, home.gateway, home.buyer, home.owners])
    try {
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    } catch (cause) {
      throw fileError(cause, { doing: "remove", path });
    }
}
