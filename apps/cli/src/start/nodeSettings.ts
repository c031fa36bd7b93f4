// What was chosen for a node on its command line, kept for its next start in settings.json of its folder.
import { join } from "node:path";
import { z } from "zod";
import { type Home, nodeHome, readJson } from "../Home.ts";
import { courtChoiceShape } from "./courtChoice.ts";

const settingsShape = z.object({
  address: z.string(),
  port: z.int(),
  pricePerUnitSecond: z.string().regex(/^\d{1,20}$/),
  court: courtChoiceShape.optional(),
});
export type Settings = z.infer<typeof settingsShape>;

export const settingsFile = (home: Home, name: string): string => join(nodeHome(home, name), "settings.json");

/** undefined when nothing was chosen, or it can't be read. */
export const knownSettings = (home: Home, name: string): Settings | undefined =>
  settingsShape.safeParse(readJson(settingsFile(home, name))).data;
