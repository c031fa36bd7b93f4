// A finished game as a picture: one bar a round, the part still in dispute drawn out to the whole of the next one, down to the
// word that was recomputed. Pure: from the events of one game to SVG text.
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { reasonText, weftText } from "./disputeVerdict.ts";
import { countText, type Level, leafText, type PlaceTold, sidesOf, type Told, wordText } from "./disputeWords.ts";
import { amountOf, grouped, type NodeNames } from "./figures.ts";

/** One narrowing: of a range of leaves the part that was chosen. */
interface Round {
  level: Level;
  /** What the bar is all of. */
  label: string;
  /** Where the chosen part begins and ends, as parts of the bar. */
  from: number;
  to: number;
  chosen: string;
  gas: string;
}

const [width, left, bar, top, rowHeight, barHeight] = [960, 40, 640, 92, 62, 18] as const;
/** A part that is narrower than this couldn't be seen, pixels. */
const least = 3;

const xml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const text = (x: number, y: number, content: string, style = ""): string =>
  `<text x="${x}" y="${y}"${style === "" ? "" : ` ${style}`}>${xml(content)}</text>`;

/** The rounds of a game: each choice of the rival's, and the proof at the end. */
export function roundsOf(events: readonly DisputeEvent[]): Round[] {
  const rounds: Round[] = [];
  let within: PlaceTold | undefined;
  let gas: string[] = [];
  for (const event of events) {
    if (event.kind !== "move" && event.kind !== "verdict") continue;
    const call = event.kind === "move" ? event.call : (event.proof ?? "silence");
    gas.push(`${call} ${grouped(event.gas)}`);
    const place = event.kind === "move" ? event.place : provenPlace(event, within);
    if (place === undefined) continue;
    // The defender shows the whole of what is in dispute; the rival chooses within it.
    const isChoice = event.kind === "verdict" || event.side === "rival";
    if (isChoice) {
      const whole = within?.level === place.level ? within : { ...place, first: 0, end: place.count };
      rounds.push({ ...roundOf(whole, place, event), gas: gas.join(" · ") });
      gas = [];
    }
    within = place;
  }
  return rounds;
}

function roundOf(
  whole: PlaceTold,
  place: PlaceTold,
  { found = {} }: Told<"move"> | Told<"verdict">,
): Omit<Round, "gas"> {
  const size = whole.end - whole.first;
  const chosen = place.end - place.first;
  return {
    level: place.level,
    label: countText(place.level, size),
    from: (place.first - whole.first) / size,
    to: (place.end - whole.first) / size,
    chosen: chosen === 1 ? leafText(place.level, place, found) : countText(place.level, chosen),
  };
}

/** The leaf that the proof is about. */
function provenPlace({ found = {}, level, proof }: Told<"verdict">, within: PlaceTold | undefined) {
  if (proof === undefined || within === undefined) return undefined;
  const first = found.chunk ?? (level === "values" ? found.value : undefined) ?? within.first;
  return { ...within, first, end: first + 1 };
}

function roundSvg({ label, from, to, chosen, gas }: Round, index: number, isLast: boolean): string {
  const y = top + index * rowHeight;
  const x1 = left + Math.min(from * bar, bar - least);
  const x2 = Math.max(x1 + least, left + to * bar);
  const below = y + rowHeight;
  const zoom = isLast
    ? ""
    : `<path class="zoom" d="M${x1.toFixed(1)} ${y + barHeight}L${left} ${below}L${left + bar} ${below}L${x2.toFixed(1)} ${y + barHeight}Z"/>`;
  return [
    zoom,
    `<rect class="bar" x="${left}" y="${y}" width="${bar}" height="${barHeight}" rx="3"/>`,
    `<rect class="part" x="${x1.toFixed(1)}" y="${y}" width="${(x2 - x1).toFixed(1)}" height="${barHeight}"/>`,
    text(left, y - 6, label, 'class="label"'),
    text(left + bar + 16, y + 8, `→ ${chosen}`, 'class="chosen"'),
    text(left + bar + 16, y + 24, gas, 'class="gas"'),
  ].join("\n");
}

const style = `<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,monospace;fill:#1f2328}
.title{font-weight:700;font-size:16px}.label{fill:#57606a}.chosen{font-weight:700}.gas{fill:#57606a;font-size:9px}
.bar{fill:#d0d7de}.part{fill:#cf222e}.zoom{fill:#cf222e;fill-opacity:.10}
.wrong{fill:#cf222e;font-weight:700}.right{fill:#1a7f37;font-weight:700}
</style>`;

/** Who has which word, what the court computed, what it cost. */
function endSvg(events: readonly DisputeEvent[], y: number, names: NodeNames): string[] {
  const challenged = events.find((event) => event.kind === "challenged");
  const verdict = events.find((event) => event.kind === "verdict");
  const slashed = events.find((event) => event.kind === "slashed");
  if (challenged === undefined || verdict === undefined) return [];
  const sides = sidesOf(names, challenged);
  const words = verdict.found?.words;
  const lines: [text: string, look: string][] = [];
  if (words !== undefined) {
    lines.push([`${sides.defender}:  ${wordText(words.defender, words.dtype)}`, "wrong"]);
    if (words.right !== undefined) lines.push([`recomputed on chain:  ${wordText(words.right, words.dtype)}`, "right"]);
  } else lines.push([reasonText(verdict, sides), "wrong"]);
  const { defender, rival } = verdict.gasOf;
  lines.push([
    `${verdict.moves} moves; gas ${grouped(defender)} of ${sides.defender}, ${grouped(rival)} of ${sides.rival}`,
    "",
  ]);
  if (slashed !== undefined) {
    const bond = BigInt(slashed.bondToSponsor) + BigInt(slashed.bondToBuyer);
    lines.push([`slashed: the bond of ${amountOf(bond)} and ${weftText(slashed.stakeBurnt)} of stake`, "wrong"]);
  }
  return lines.map(([content, look], index) =>
    text(left, y + index * 22, content, look === "" ? "" : `class="${look}"`),
  );
}

/** @param events of one game that is over */
export function disputeSvg(events: readonly DisputeEvent[], names: NodeNames): string {
  const challenged = events.find((event) => event.kind === "challenged");
  const rounds = roundsOf(events);
  const end = top + rounds.length * rowHeight;
  const height = end + 110;
  const sides = challenged && sidesOf(names, challenged);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>A dispute narrows two histories of a training to one word</title>`,
    style,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(left, 32, "Two histories of a segment, narrowed to the first word in which they differ", 'class="title"'),
    text(
      left,
      56,
      sides === undefined ? "" : `${sides.defender} committed to one, ${sides.rival} recomputed it and has another`,
    ),
    ...rounds.map((round, index) => roundSvg(round, index, index === rounds.length - 1)),
    ...endSvg(events, end + 10, names),
    "</svg>",
  ].join("\n")}\n`;
}
