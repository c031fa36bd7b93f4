// The labels that keep a report honest: which segments somebody looked at, which were found false, what fell with them, and what of a
// convicted node's work the model is still built on. Pure.
import { amountOf, grouped, type NodeNames, nameOf } from "./figures.ts";
import { auditCounts, type JobView, totalStreamed } from "./JobView.ts";
import type { ReportOptions } from "./reportLines.ts";
import { type Convicted, type Fates, fatesOf, numbersText } from "./segmentFates.ts";
import { paint, wrap } from "./terminalText.ts";

/** What `weft start --cheat` arranged: nobody else can know which unseen segments are false. */
export interface Arranged {
  nodeId: string;
  /** Each segment of its own from here on is false. */
  firstFalse: number;
}

export function verifiedLines(view: JobView, options: ReportOptions): string[] {
  if (view.leases.length === 0) return [];
  const { look, sharedHost } = options;
  const fates = fatesOf(view);
  const audits = auditCounts(view);
  const notes = [...countNotes(fates, options.names), ...falseNotes(fates, options.names)];
  for (const one of fates.convicted) notes.push(...convictedNotes(view, one, options));
  if (audits.missed > 0)
    notes.push(
      `unanswered: ${audits.missed} of ${audits.drawn} audits lapsed: no drawn node sealed a verdict in time, because it was away or too slow`,
    );
  if (sharedHost)
    notes.push(
      "shared-host: the nodes run on this one machine, so holders and auditors here are separate keys, not separate owners",
    );
  if (view.done !== undefined && totalStreamed(view) === 0n)
    notes.push("no voucher was streamed: pay was claimed on chain");
  const lines = notes.flatMap((note) =>
    wrap(note, look.width - 4).map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`)),
  );
  return [paint(look, "bold", "what this does and doesn't show"), ...lines.map((line) => `  ${line}`)];
}

/** Their numbers, said to be such. */
const segmentsText = (segments: readonly { segment: number }[]): string =>
  `${segments.length === 1 ? "segment" : "segments"} ${numbersText(segments)}`;

const listed = (segments: readonly { segment: number }[]): string =>
  segments.length === 0 ? "" : ` (${segmentsText(segments)})`;

/** Of the segments that the model is made of; what was found false or fell with it is none of them. */
function countNotes({ verified, unverified, accused }: Fates, names: NodeNames): string[] {
  const all = verified.length + unverified.length + accused.length;
  return [
    `verified: ${verified.length} of ${all} segments were re-executed bit for bit by another node${listed(verified)}`,
    unverified.length === 0
      ? "loss and tokens/s are the provider's word"
      : `not verified: the ${unverified.length} that no auditor re-executed${listed(unverified)}; loss and tokens/s are the provider's word`,
    ...accused.map(
      ({ segment, nodeId }) =>
        `accused: an auditor found segment ${segment} of ${nameOf(names, nodeId)} false; no second one answered and no court decided, so it stands`,
    ),
  ];
}

function falseNotes({ foundFalse, fell }: Fates, names: NodeNames): string[] {
  const nodes = [...new Set([...foundFalse, ...fell].map(({ nodeId }) => nodeId))];
  return nodes.flatMap((nodeId) => {
    const isOwn = (one: { nodeId: string }) => one.nodeId === nodeId;
    const [wrong, after] = [foundFalse.filter(isOwn), fell.filter(isOwn)];
    const name = nameOf(names, nodeId);
    const notes = wrong.length === 0 ? [] : [`found false: ${segmentsText(wrong)} of ${name}; void`];
    if (after.length > 0) notes.push(`void: ${segmentsText(after)} of ${name}, which went on from a false segment`);
    return notes;
  });
}

function convictedNotes(
  view: JobView,
  { nodeId, unseen, goesOnFrom }: Convicted,
  { names, arranged }: ReportOptions,
): string[] {
  if (unseen.length === 0) return [];
  const name = nameOf(names, nodeId);
  const paid = view.done?.paid.find((row) => row.nodeId === nodeId && row.role === "provider")?.amount;
  const keeps =
    paid === undefined || BigInt(paid) === 0n ? "" : `, ${name} keeps the ${amountOf(paid)} that it was paid,`;
  const notes = [
    `unseen: ${segmentsText(unseen)} of ${name} came before its false one and no audit re-executed ${unseen.length === 1 ? "it: it stands" : "them: they stand"}${keeps} and the work went on from the state after step ${grouped(goesOnFrom - 1)} as ${name} left it`,
  ];
  const lies = arranged?.nodeId === nodeId ? unseen.filter(({ segment }) => segment >= arranged.firstFalse) : [];
  if (lies.length > 0)
    notes.push(
      `by this cheat's arrangement ${segmentsText(lies)} ${lies.length === 1 ? "is" : "are"} false too, one bit of one weight${lies.length === 1 ? "" : " each"}: no draw fell on them in time, so the model is built on what follows from that and the chain doesn't know`,
    );
  return notes;
}
