// The text a job trains on: a file of the user's, or by default this repository's own Markdown and TypeScript.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import { maxCorpusBytes } from "@weft/protocol/generated/params";
import { makeFolder } from "../Home.ts";
import { fileError } from "../systemErrors.ts";

/** Below this the held-out part says nothing about what was learnt. */
export const minCorpusBytes = 4096;
/** Bound of the default corpus, so that it doesn't grow with the repository. */
export const maxOwnCorpusBytes = 2 * 1024 * 1024;

/** @throws WeftError `corpus.missing`, `corpus.empty`, `corpus.small`, `corpus.large`, `corpus.binary`, `corpus.folder`, `file.*` */
export function readCorpus(path: string): Uint8Array<ArrayBuffer> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined)
    throw new WeftError(`there is no corpus at ${path}`, {
      code: "corpus.missing",
      remedy: "name a text file, or leave the corpus out to train on this project's own text",
    });
  if (!status.isFile())
    throw new WeftError(`${path} is not a file`, { code: "corpus.folder", remedy: "name one text file" });
  checkSize(path, status.size);
  try {
    const bytes = new Uint8Array(readFileSync(path));
    checkContent(path, bytes);
    return bytes;
  } catch (cause) {
    throw fileError(cause, { doing: "read", path });
  }
}

/** What is read must fit as well: a file may have changed since it was measured. */
function checkSize(path: string, bytes: number): void {
  if (bytes === 0)
    throw new WeftError(`the corpus ${path} is empty`, { code: "corpus.empty", remedy: "name a file with text in it" });
  if (bytes < minCorpusBytes)
    throw new WeftError(`the corpus ${path} has ${bytes} bytes, at least ${minCorpusBytes} are needed`, {
      code: "corpus.small",
      remedy: "use a longer text: a tenth of it is held out to measure what was learnt",
    });
  if (bytes > maxCorpusBytes)
    throw new WeftError(`the corpus ${path} has ${bytes} bytes, at most ${maxCorpusBytes} are allowed`, {
      code: "corpus.large",
      remedy: `cut it, for instance with: head -c ${maxCorpusBytes} ${path}`,
    });
}

function checkContent(path: string, bytes: Uint8Array): void {
  checkSize(path, bytes.length);
  if (bytes.includes(0))
    throw new WeftError(`the corpus ${path} holds zero bytes: it isn't text`, {
      code: "corpus.binary",
      remedy: "use plain text (UTF-8 or any other encoding without zero bytes)",
    });
  if (bytes.every((byte) => byte === bytes[0]))
    throw new WeftError(`the corpus ${path} is one character repeated: there is nothing to learn`, {
      code: "corpus.empty",
      remedy: "use real text",
    });
}

/** 0x-hex SHA-256, the id under which bytes travel. */
export const contentIdOf = (bytes: Uint8Array): string => `0x${createHash("sha256").update(bytes).digest("hex")}`;

/**
 * The repository's tracked Markdown and TypeScript, sorted by path, generated files left out, whole files up to the
 * bound. The same tree gives the same bytes.
 */
export function ownCorpus(root: string): Uint8Array<ArrayBuffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  for (const path of ownFiles(root)) {
    const text = readFileSync(join(root, path));
    if (total + text.length > maxOwnCorpusBytes) break;
    if (text.includes(0)) continue;
    pieces.push(text);
    total += text.length;
  }
  const bytes = new Uint8Array(Buffer.concat(pieces));
  checkContent(`of ${root}`, bytes);
  return bytes;
}

const isOwnText = (path: string): boolean => /\.(md|ts)$/.test(path) && !/(^|\/)(generated|node_modules)\//.test(path);

/** Byte order, not the locale's, so that every machine agrees. */
function ownFiles(root: string): string[] {
  const present = (path: string) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true;
  return trackedFiles(root)
    .filter(isOwnText)
    .filter(present)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function trackedFiles(root: string): string[] {
  try {
    const listed = execFileSync("git", ["ls-files", "-z"], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 16 * 1024 * 1024,
      timeout: 10_000,
    });
    const paths = listed.split("\0").filter((path) => path !== "");
    if (paths.length > 0) return paths;
  } catch {
    // No git, or no checkout (an unpacked archive): the folder itself is the list.
  }
  const skip = new Set(["node_modules", ".git", ".weft"]);
  return globSync("**/*.{md,ts}", { cwd: root, exclude: (entry) => skip.has(entry) }).map((path) =>
    path.replaceAll("\\", "/"),
  );
}

/** Writes the default corpus where a person can look at it; returns its path. @throws WeftError `file.*` */
export function writeOwnCorpus(root: string, folder: string): { path: string; bytes: Uint8Array<ArrayBuffer> } {
  const bytes = ownCorpus(root);
  const path = join(folder, "own.txt");
  makeFolder(dirname(path));
  try {
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
  } catch (cause) {
    throw fileError(cause, { doing: "write", path });
  }
  return { path, bytes };
}
