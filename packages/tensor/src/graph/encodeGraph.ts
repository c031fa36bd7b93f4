// A graph as canonical JSON text and its hash (spec/tensor.md §5): one graph, one text, one hash.
import { canonicalJson } from "../canonicalJson.ts";
import { sha256 } from "../sha256.ts";
import { TensorError } from "../TensorError.ts";
import { GRAPH_LIMITS, type Graph } from "./Graph.ts";
import { refuse } from "./refuse.ts";
import { validateGraph } from "./validateGraph.ts";

/** Canonical text. Throws TensorError `bad-graph`. */
export function encodeGraph(graph: Graph): string {
  const text = canonicalJson(validateGraph(graph));
  checkLength(text);
  return text;
}

/** Reads canonical text; any other spelling of the same graph is refused. Throws TensorError `bad-graph`. */
export function decodeGraph(text: string): Graph {
  checkLength(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TensorError("bad-graph", "the graph is not JSON", "pass what encodeGraph returned", cause);
  }
  const graph = validateGraph(value);
  if (canonicalJson(graph) !== text)
    refuse("graph", "the text is not canonical", "sort the keys, leave out white space, write each key once");
  return graph;
}

/** SHA-256 of the canonical text, UTF-8; 32 bytes. Throws TensorError `bad-graph`. */
export function graphHash(graph: Graph): Uint8Array {
  return sha256(new TextEncoder().encode(encodeGraph(graph)));
}

function checkLength(text: string): void {
  const { textCharacters } = GRAPH_LIMITS;
  if (text.length > textCharacters)
    refuse("graph", `the text has ${text.length} characters`, `keep it within ${textCharacters}`);
}
