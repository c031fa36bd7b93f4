// A game in court as a tree that narrows: a row a level, what is left in dispute after each choice, the gas of each move; at its tip
// the two words. Pure: from the events of one game to lines.
import type { DisputeEvent, Found } from "@weft/protocol/DisputeEvent";
import { isConcluded } from "../dispute/summarise.ts";
import { verdictLines } from "./disputeVerdict.ts";
import {
  bitsApart,
  countText,
  type Level,
  leafText,
  type PlaceTold,
  type Sides,
  sidesOf,
  type Told,
  wordText,
} from "./disputeWords.ts";
import { amountOf, clockOf, grouped, type NodeNames, shortHash } from "./figures.ts";
import { hang, type Look, paint } from "./terminalText.ts";

export interface TreeOptions {
  look: Look;
  names: NodeNames;
  /** Unix seconds of the chain; the clock of the side to move runs down to it. Absent: clocks as the last move left them. */
  now?: number;
}

/** What a game was narrowed to on one level. */
interface Row {
  readonly level: Level;
  readonly count: number;
  /** Leaves left in dispute after each choice. */
  readonly left: number[];
  place: PlaceTold;
  found: Found;
  readonly moves: { call: string; gas: number }[];
}

/** The level whose leaf a proof at the end is about. */
const PROVEN: Readonly<Record<string, Level>> = {
  ...{ proveState: "values", proveRate: "values", proveConstant: "values", proveEntry: "entries", proveLoss: "loss" },
  ...{ proveWord: "leaves", proveToken: "leaves", proveFold: "accs" },
};

function rowsOf(events: readonly DisputeEvent[]): Row[] {
  const rows: Row[] = [];
  for (const event of events) {
    if (event.kind === "move" && event.place !== undefined) addMove(rows, event, event.place);
    if (event.kind === "verdict" && event.proof !== undefined) addProof(rows, event, event.proof);
  }
  return rows;
}

function addMove(rows: Row[], { call, gas, found = {} }: Told<"move">, place: PlaceTold): void {
  let row = rows.find(({ level }) => level === place.level);
  if (row === undefined) {
    row = { level: place.level, count: place.count, left: [], place, found, moves: [] };
    rows.push(row);
  }
  const left = place.end - place.first;
  if (left < (row.left.at(-1) ?? row.count)) row.left.push(left);
  row.moves.push({ call, gas });
  Object.assign(row, { place, found });
}

function addProof(rows: Row[], { gas, found = {} }: Told<"verdict">, call: string): void {
  const row = rows.find(({ level }) => level === PROVEN[call]) ?? rows.at(-1);
  if (row === undefined) return;
  row.moves.push({ call, gas });
  const first = found.chunk ?? (row.level === "values" ? found.value : undefined) ?? row.place.first;
  Object.assign(row, { place: { ...row.place, first, end: first + 1 }, found });
  if (row.left.at(-1) !== 1 && row.count > 1) row.left.push(1);
}

/** @param events of one game, from its challenge on */
export function disputeTree(events: readonly DisputeEvent[], options: TreeOptions): string[] {
  const challenged = events.find((event) => event.kind === "challenged");
  const { look, names } = options;
  // Proven at once: there was no game.
  if (challenged === undefined) return verdictLines(events, { look, names }).flatMap((line) => hang(line, look.width));
  const sides = sidesOf(names, challenged);
  const rows = rowsOf(events);
  const verdict = events.find((event) => event.kind === "verdict");
  return [
    ...headLines(challenged, sides, look),
    ...rows.flatMap((row, depth) => rowLines(row, { depth, look })),
    ...tipLines(rows.at(-1), { depth: rows.length, sides, verdict, look }),
    ...clockLines(events, { ...options, challenged, sides, isOver: verdict !== undefined || isConcluded(events) }),
    ...verdictLines(events, { look, names }),
  ].flatMap((line) => hang(line, look.width));
}

function headLines(challenged: Told<"challenged">, { defender, rival }: Sides, look: Look): string[] {
  const { game = "0x", leaseId, segment, firstStep, lastStep, ground, bond } = challenged;
  const steps = firstStep === undefined ? "" : ` (steps ${grouped(firstStep)}–${grouped(lastStep ?? firstStep)})`;
  return [
    `${paint(look, "bold", "dispute")} ${shortHash(game)}: segment ${segment}${steps} of lease ${shortHash(leaseId)}`,
    `${paint(look, "bold", defender)} defends it; ${paint(look, "bold", rival)} has another ${ground}, bonded ${amountOf(bond)}`,
  ];
}

const branch = (depth: number): string => (depth === 0 ? "" : `${"   ".repeat(depth - 1)}└─ `);

function rowLines({ level, count, left, place, found, moves }: Row, { depth, look }: { depth: number; look: Look }) {
  const narrowed = left.filter((one) => one > 1).map((one) => ` → ${grouped(one)}`);
  const leaf = place.end - place.first === 1 ? ` → ${paint(look, "bold", leafText(level, place, found))}` : "";
  const gas = moves.map(({ call, gas }) => `${call} ${grouped(gas)}`).join(", ");
  const indent = `${"   ".repeat(depth)}${depth === 0 ? "" : " "}`;
  return [
    `  ${branch(depth)}${countText(level, count)}${narrowed.join("")}${leaf}`,
    `  ${indent}${paint(look, "dim", gas)}`,
  ];
}

interface Tip {
  depth: number;
  sides: Sides;
  verdict: Told<"verdict"> | undefined;
  look: Look;
}

/** What each side has there, and what the contract computed. */
function tipLines(row: Row | undefined, { depth, sides, verdict, look }: Tip): string[] {
  const words = verdict?.found?.words ?? row?.found.words;
  if (words === undefined) return [];
  const indent = `  ${"   ".repeat(depth)}`;
  const width = Math.max(sides.defender.length, sides.rival.length, "the court".length);
  const { dtype, defender, rival, right } = words;
  const line = (name: string, bits: number | undefined, note = "") =>
    bits === undefined ? [] : [`${indent}${name.padEnd(width)}  ${wordText(bits, dtype)}${note}`];
  const apart = right === undefined ? rival : right;
  const wrong = right !== undefined && right !== defender;
  return [
    ...line(sides.defender, defender, apart === undefined ? "" : `  ${bitsApart(defender, apart)}`).map((text) =>
      wrong ? paint(look, "red", text) : text,
    ),
    ...line(sides.rival, rival),
    ...line("the court", right, "  recomputed on chain").map((text) => paint(look, "green", text)),
  ];
}

interface Clocks extends TreeOptions {
  challenged: Told<"challenged">;
  sides: Sides;
  isOver: boolean;
}

function clockLines(events: readonly DisputeEvent[], { look, now, challenged, sides, isOver }: Clocks): string[] {
  const moves = events.filter((event) => event.kind === "move");
  const last = moves.findLast(({ defenderLeft }) => defenderLeft !== undefined);
  const { clockSeconds } = challenged;
  const began = events.find((event) => event.kind === "gameBegan");
  if (began === undefined && moves.length === 0)
    return [
      ...(isOver ? [] : ["  waits until those before it are through, no clock runs"]),
      `  gas     the challenge ${grouped(challenged.gas)}`,
    ];
  const left = { defender: last?.defenderLeft ?? clockSeconds, rival: last?.rivalLeft ?? clockSeconds };
  const isRivals = last !== undefined && last.side === "defender";
  const ran = now === undefined || isOver ? 0 : Math.max(0, now - (last?.time ?? began?.time ?? challenged.time));
  const text = (side: keyof Sides, isTurn: boolean) => {
    const clock = clockOf(isTurn ? left[side] - ran : left[side]);
    return isTurn && !isOver ? paint(look, "yellow", `${sides[side]} ${clock} to move`) : `${sides[side]} ${clock}`;
  };
  const gas = { defender: 0, rival: challenged.gas };
  for (const move of moves) gas[move.side] += move.gas;
  for (const event of events) if (event.kind === "verdict") Object.assign(gas, event.gasOf);
  return [
    `  clocks  ${text("defender", !isRivals)}, ${text("rival", isRivals)}`,
    `  gas     ${sides.defender} ${grouped(gas.defender)}, ${sides.rival} ${grouped(gas.rival)}; the challenge ${grouped(challenged.gas)}`,
  ];
}
