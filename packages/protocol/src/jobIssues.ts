// From zod's issues to what a person needs: which field, what it says, which limit it breaks, what to write instead.
// Limits and remedies come from the JSON Schema of the field, so that text and check can't drift apart.
import type { z } from "zod";

export interface JobIssue {
  path: readonly (string | number)[];
  /** Dotted path: `program.steps`. */
  field: string;
  message: string;
  remedy: string;
}

type Node = Record<string, unknown>;

/** Most issues reported at once. */
const maxIssues = 32;

export function toIssues(error: z.ZodError, from: { input: unknown; schema: Node }): [JobIssue, ...JobIssue[]] {
  const issues = error.issues.slice(0, maxIssues).flatMap((issue) => expand(issue, from));
  const [first, ...rest] = issues;
  return first === undefined ? [whole("is not a job file")] : [first, ...rest];
}

const whole = (message: string): JobIssue => ({
  path: [],
  field: "(file)",
  message,
  remedy: "write at least `name:` and `kind: train-lm`",
});

function expand(issue: z.core.$ZodIssue, from: { input: unknown; schema: Node }): JobIssue[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const node = nodeAt(from.schema, path);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      path: [...path, key],
      field: dotted([...path, key]),
      message: "is not a field of a job file",
      remedy: `remove it, or use one of ${Object.keys(fieldsOf(node) ?? {}).join(", ")}`,
    }));
  if (path.length === 0) return [whole("is not a mapping of fields")];
  const value = valueAt(from.input, path);
  const within = issue.code === "invalid_union" && typeof value === "object" ? mapping(issue) : undefined;
  if (within !== undefined)
    return within.flatMap((inner) => expand({ ...inner, path: [...issue.path, ...inner.path] }, from));
  const message =
    issue.code === "custom"
      ? issue.message
      : value === undefined
        ? "is missing"
        : `is ${show(value)}, which does not fit`;
  return [{ path, field: dotted(path), message, remedy: remedyOf(node) }];
}

/** Of a choice between text and a mapping, the complaints about the mapping: not those that it is no text. */
function mapping({ errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  return errors.find((issues) => issues.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys"));
}

const dotted = (path: readonly (string | number)[]): string => path.slice(0, 16).join(".").slice(0, 200);

function show(value: unknown): string {
  const text =
    typeof value === "object" && value !== null ? (Array.isArray(value) ? "a list" : "a mapping") : undefined;
  return text ?? (typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : String(value));
}

function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** Fields of a mapping, also of one that is a choice beside plain values. */
function fieldsOf(node: Node | undefined): Node | undefined {
  const choices = (node?.["anyOf"] ?? []) as Node[];
  return (node?.["properties"] ?? choices.find((choice) => "properties" in choice)?.["properties"]) as Node | undefined;
}

function nodeAt(schema: Node, path: readonly (string | number)[]): Node | undefined {
  let node: Node | undefined = schema;
  for (const part of path)
    node = (typeof part === "number" ? node?.["items"] : fieldsOf(node)?.[part]) as Node | undefined;
  return node;
}

function remedyOf(node: Node | undefined): string {
  // A described pattern or choice reads better than the pattern itself.
  if ((node?.["pattern"] ?? node?.["anyOf"]) !== undefined && typeof node?.["description"] === "string")
    return `use ${node["description"].replace(/\.$/, "")}`;
  const about = typeof node?.["description"] === "string" ? ` (${node["description"].replace(/\.$/, "")})` : "";
  return `${rule(node)}${about}`;
}

function rule(node: Node | undefined): string {
  const { const: only, enum: choices, type, minimum, maximum, maxItems, maxLength, pattern } = node ?? {};
  if (only !== undefined) return `use ${String(only)}`;
  if (Array.isArray(choices)) return `use one of ${choices.join(", ")}`;
  if (type === "integer") return `use an integer from ${minimum} to ${maximum}`;
  if (type === "array") return `use a list of at most ${maxItems} entries`;
  if (type === "object") return "use a mapping of fields";
  if (Array.isArray(type)) return "use a plain decimal number";
  if (pattern !== undefined) return `use text that matches ${String(pattern)}`;
  return type === "string" ? `use text of 1 to ${maxLength} characters` : "see spec/job.schema.json";
}
