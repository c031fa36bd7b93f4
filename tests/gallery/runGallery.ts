// The whole gallery in one deployment.
import { openCourtRoom } from "@weft/court/courtRoomFixture";
import { auditor, catchLie } from "./catchLie.ts";
import { lies } from "./cheats.ts";
import { attackers, griefer, type Harm } from "./griefers.ts";
import type { Outcome } from "./Outcome.ts";

export async function runGallery(onCase: (one: Outcome | Harm) => void): Promise<[Outcome[], Harm[]]> {
  const room = await openCourtRoom([auditor, griefer]);
  try {
    const outcomes: Outcome[] = [];
    for (const lie of await lies()) {
      outcomes.push(await catchLie(room, lie));
      onCase(outcomes.at(-1)!);
    }
    const harms: Harm[] = [];
    for (const attacker of await attackers()) {
      harms.push(await attacker.run(room));
      onCase(harms.at(-1)!);
    }
    return [outcomes, harms];
  } finally {
    await room.network.end();
  }
}
