// Hands a job to a gateway: the corpus by content id, then the job file's data under a key that makes a repeated
// request the same job. Then what comes back: the checkpoint, into a file of the user's.
import { randomUUID } from "node:crypto";
import { accessSync, constants, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import { z } from "zod";
import { type GatewayClient, request } from "../GatewayClient.ts";
import { makeFolder } from "../Home.ts";
import { fileError } from "../systemErrors.ts";
import { contentIdOf } from "./corpus.ts";

const blobShape = z.looseObject({ contentId: z.string(), bytes: z.int() });
const jobShape = z.looseObject({ jobId: z.string().min(1).max(80) });
const uploadTimeoutMs = 120_000;

export interface Submission {
  /** The job file's data, as `parseJobFile` returns it. */
  data: unknown;
  corpus: Uint8Array<ArrayBuffer>;
}

/** The job's id. @throws WeftError the gateway's refusal, or `gateway.answer` */
export async function submitJob(client: GatewayClient, submission: Submission): Promise<string> {
  const corpus = await uploadCorpus(client, submission.corpus);
  const body = { job: submission.data, corpus, idempotencyKey: randomUUID() };
  const answer = jobShape.safeParse(await request(client, "/v1/jobs", { method: "POST", body }));
  if (!answer.success) throw strange("a job without an id");
  return answer.data.jobId;
}

async function uploadCorpus(client: GatewayClient, bytes: Uint8Array<ArrayBuffer>) {
  const options = { method: "PUT", body: bytes, timeoutMs: uploadTimeoutMs } as const;
  const answer = blobShape.safeParse(await request(client, "/v1/blobs", options));
  const contentId = contentIdOf(bytes);
  if (!answer.success || answer.data.contentId.toLowerCase() !== contentId)
    throw strange("another content id than the corpus has");
  return { contentId, bytes: bytes.length };
}

const strange = (what: string) =>
  new WeftError(`the gateway answered with ${what}`, {
    code: "gateway.answer",
    fault: "network",
    remedy: "check that the address is a Weft gateway of this version",
  });

/** The folder for a job's model, made and found writable before anything is bought. @throws WeftError `file.*` */
export function readyOutput(folder: string): string {
  makeFolder(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw fileError(cause, { doing: "write", path: folder });
  }
  return folder;
}

const maxCheckpointBytes = 256 * 1024 * 1024;
const downloadTimeoutMs = 120_000;

/** Fetches the finished job's model into `folder`; returns the file's path. @throws WeftError `file.*`, `gateway.*` */
export async function saveCheckpoint(
  client: GatewayClient,
  jobId: string,
  target: { folder: string; name: string },
): Promise<{ path: string; bytes: number; contentId: string }> {
  const bytes = await download(client, `/v1/jobs/${encodeURIComponent(jobId)}/checkpoint`);
  const path = join(target.folder, `${target.name}.safetensors`);
  makeFolder(target.folder);
  try {
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
  } catch (cause) {
    throw fileError(cause, { doing: "write", path });
  }
  return { path, bytes: bytes.length, contentId: contentIdOf(bytes) };
}

async function download(client: GatewayClient, path: string): Promise<Uint8Array> {
  const response = await fetch(`${client.url}${path}`, {
    headers: { authorization: `Bearer ${client.token}` },
    signal: AbortSignal.timeout(downloadTimeoutMs),
  }).catch((cause) => {
    throw new WeftError(`the gateway at ${client.url} broke off`, {
      code: "gateway.broken",
      fault: "network",
      retryable: true,
      cause,
    });
  });
  if (!response.ok)
    throw new WeftError(`the gateway has no checkpoint for this job (${response.status})`, {
      code: "gateway.checkpoint",
      fault: "us",
      remedy: "see what happened with: weft jobs attach ID",
    });
  if (Number(response.headers.get("content-length") ?? 0) > maxCheckpointBytes)
    throw strange("an oversized checkpoint");
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length > maxCheckpointBytes) throw strange("an oversized checkpoint");
  return bytes;
}
