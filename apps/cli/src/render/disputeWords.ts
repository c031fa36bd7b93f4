// Words of a dispute as a person reads them: fp32 numbers from their bits, who plays, what is left in dispute. Pure.
import type { DisputeEvent, DisputeEventKind, Found } from "@weft/protocol/DisputeEvent";
import { grouped, type NodeNames, nameOf } from "./figures.ts";
import { harmless } from "./terminalText.ts";

export type Told<K extends DisputeEventKind> = Extract<DisputeEvent, { kind: K }>;
export type Dtype = NonNullable<Found["words"]>["dtype"];
export type PlaceTold = NonNullable<Told<"move">["place"]>;
export type Level = PlaceTold["level"];

const leaves: Readonly<Record<Level, readonly [one: string, many: string]>> = {
  steps: ["step", "steps"],
  values: ["value of the step", "values of the step"],
  entries: ["entry of the state", "entries of the state"],
  leaves: ["leaf of 32 words", "leaves of 32 words"],
  accs: ["partial sum", "partial sums"],
  loss: ["loss", "losses"],
  outside: ["start", "starts"],
};

/** "1,712 values of the step". */
export const countText = (level: Level, count: number): string =>
  `${grouped(count)} ${leaves[level][count === 1 ? 0 : 1]}`;

/** "0x3d8f5c29 = 0.0700000003". */
export function wordText(bits: number, dtype: Dtype): string {
  const hex = `0x${bits.toString(16).padStart(8, "0")}`;
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return `${hex} = ${dtype === "f32" ? floatText(view.getFloat32(0)) : view.getInt32(0)}`;
}

/** Nine digits tell every fp32 apart. */
const floatText = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(9))) : String(value);

/** "they differ in 1 bit". */
export function bitsApart(one: number, other: number): string {
  const bits = (one ^ other) >>> 0;
  const count = bits.toString(2).replaceAll("0", "").length;
  return `${count} ${count === 1 ? "bit" : "bits"} apart`;
}

/** "sub [512, 128]"; empty where nothing is known of the value. */
export const valueText = ({ operator, shape }: Found): string =>
  operator === undefined ? "" : `${harmless(operator)}${shape === undefined ? "" : ` [${shape.join(", ")}]`}`;

/** What one leaf of a level is, once the narrowing has come down to it. */
export function leafText(level: Level, place: PlaceTold, found: Found): string {
  const at = grouped(place.first);
  switch (level) {
    case "steps":
      return `step ${grouped(found.step ?? place.first)}`;
    case "values":
      return `value ${at} ${valueText(found)}`.trimEnd();
    case "entries":
      return found.entry === undefined ? `entry ${at}` : harmless(found.entry);
    case "leaves":
      return `leaf ${at}${found.element === undefined ? "" : `, element ${grouped(found.element)}`}`;
    case "accs":
      return `partial sum ${grouped(found.chunk ?? place.first)}`;
    default:
      return "";
  }
}

export interface Sides {
  defender: string;
  rival: string;
}

/** The node whose segment it is, and who names another history of it. */
export const sidesOf = (names: NodeNames, { nodeId, sponsor, sponsorNode }: Told<"challenged">): Sides => ({
  defender: nameOf(names, nodeId),
  rival: nameOf(names, sponsorNode ?? sponsor),
});
