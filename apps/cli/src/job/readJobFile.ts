// A job file from disk: YAML (or JSON, its subset) checked by the protocol's schema, every complaint with file, line and
// column. Pure apart from `readJobFile`, which reads.
import { readFileSync, statSync } from "node:fs";
import { WeftError } from "@weft/protocol/Errors";
import * as JobFile from "@weft/protocol/JobFile";
import type { JobIssue } from "@weft/protocol/jobIssues";
import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLParseError,
  type YAMLWarning,
} from "yaml";
import { fileError, needPlainFile } from "../systemErrors.ts";

export interface ParsedJob {
  job: JobFile.JobFile;
  /** What the file says, as plain data: what travels to a gateway, which checks it again. */
  data: unknown;
}

const maxBytes = 64 * 1024;
const maxAliases = 16;

/** @throws WeftError `job.file` with one line per problem, or `file.*` */
export function readJobFile(path: string): ParsedJob {
  return parseJobFile(path, readText(path));
}

function readText(path: string): string {
  try {
    const status = statSync(path);
    needPlainFile(path, status);
    const { size } = status;
    if (size > maxBytes)
      throw new WeftError(`${path} has ${size} bytes; a job file has at most ${maxBytes}`, {
        code: "job.file",
        remedy: "name a job file, such as examples/train-shakespeare.yaml; the training text goes into `corpus:`",
      });
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw fileError(cause, { doing: "read", path });
  }
}

/** @param name the file's name, for messages @throws WeftError `job.file` */
export function parseJobFile(name: string, text: string): ParsedJob {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: "error" });
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0)
    throw problems(
      name,
      syntax.map((problem) => `${place(name, counter, problem.pos[0])}: ${syntaxText(document, counter, problem)}`),
    );
  const data = toData(name, document);
  const checked = JobFile.check(data);
  if (checked.ok) return { job: checked.job, data };
  const lines = checked.issues.map((issue) => {
    const offset = offsetOf(document, issue);
    return `${place(name, counter, offset)}: ${issue.field} ${issue.message}; ${issue.remedy}`;
  });
  // One value may break two rules of one field.
  throw problems(name, [...new Set(lines)]);
}

/** What the parser says, and for a key given twice which one and where it stands already. */
function syntaxText(document: Document.Parsed, counter: LineCounter, problem: YAMLParseError | YAMLWarning): string {
  if (problem.code === "MULTIPLE_DOCS") return "a second document begins here; keep one job a file";
  if (problem.code !== "DUPLICATE_KEY") return oneLine(problem.message);
  const twin = twinAt(document.contents, { offset: problem.pos[0], path: [] });
  if (twin === undefined) return "a field is given twice; keep one";
  return `${twin.path.join(".")} is given twice, first in line ${counter.linePos(twin.first).line}; keep one`;
}

/** Path of the key at `offset`, and where its map has the same key first. */
function twinAt(
  node: unknown,
  at: { offset: number; path: readonly string[] },
): { path: readonly string[]; first: number } | undefined {
  if (!isMap(node) && !isSeq(node)) return undefined;
  for (const [index, item] of node.items.entries()) {
    const key = isPair(item) ? keyText(item.key) : String(index);
    const path = [...at.path, key];
    if (isPair(item) && isMap(node) && startOf(item.key) === at.offset) {
      const first = node.items.find((pair) => keyText(pair.key) === key);
      return { path, first: startOf(first?.key) ?? 0 };
    }
    const below = twinAt(isPair(item) ? item.value : item, { offset: at.offset, path });
    if (below !== undefined) return below;
  }
  return undefined;
}

const keyText = (key: unknown): string => (isScalar(key) ? String(key.value) : String(key));

function toData(name: string, document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases });
  } catch (cause) {
    throw problems(name, [`${name}: ${oneLine(String((cause as Error).message))}`]);
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

function place(name: string, counter: LineCounter, offset: number): string {
  const { line, col } = counter.linePos(offset);
  return `${name}:${Math.max(1, line)}:${Math.max(1, col)}`;
}

function problems(name: string, lines: string[]): WeftError {
  const more = lines.length > 1 ? [`${name}: ${lines.length} problems`] : [];
  return new WeftError([...lines, ...more].join("\n"), {
    code: "job.file",
    remedy: "correct the file; spec/job.schema.json lists every field, examples/ has working ones",
  });
}

/** Where an issue's field stands: the value, the key when it does not belong there, the parent when it is missing. */
function offsetOf(document: Document.Parsed, issue: JobIssue): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of issue.path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => keyText(key) === String(part));
      if (pair === undefined) return offset;
      const keyOffset = startOf(pair.key) ?? offset;
      const unknownField = issue.message.startsWith("is not a field");
      offset = unknownField ? keyOffset : (startOf(pair.value) ?? keyOffset);
      node = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);
