// A network file from a path or a URL, checked, with an RPC address that this machine can use.
import { readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { resolve } from "node:path";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import { fileError } from "../systemErrors.ts";

const maxBytes = 65_536;
const timeoutMs = 10_000;

/** @throws WeftError `network.unreachable`, `network.malformed`, `network.wrongChain`, `network.wrongBeacon`, `file.*` */
export async function fetchNetwork(
  source: string,
  options: { cwd: string; rpcUrl?: string },
): Promise<NetworkFile.NetworkFile> {
  const text = /^https?:\/\//.test(source) ? await download(source) : readLocal(resolve(options.cwd, source));
  const parsed = NetworkFile.parse(text, source);
  const file = options.rpcUrl === undefined ? parsed : { ...parsed, rpcUrl: options.rpcUrl };
  try {
    await NetworkFile.verify(NetworkFile.clientOf(file), file);
  } catch (cause) {
    if (hasCode(cause, "network.wrongChain") || hasCode(cause, "network.wrongBeacon")) throw cause;
    throw new WeftError(`the network's chain doesn't answer at ${file.rpcUrl}`, {
      code: "network.unreachable",
      fault: "network",
      retryable: true,
      remedy: "check the network between the machines; name an address that works from here with --rpc URL",
      cause,
    });
  }
  return file;
}

function readLocal(path: string): string {
  try {
    const { size } = statSync(path);
    // What is this large is no network file; its own reader says so without reading on.
    return size > maxBytes ? " ".repeat(maxBytes + 1) : readFileSync(path, "utf8");
  } catch (cause) {
    throw fileError(cause, { doing: "read", path });
  }
}

async function download(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    const text = await response.text();
    return text.slice(0, maxBytes + 1);
  } catch (cause) {
    throw new WeftError(`no network file at ${url}`, {
      code: "network.unreachable",
      fault: "network",
      retryable: true,
      details: { why: String((cause as { cause?: { message?: string } }).cause?.message ?? (cause as Error).message) },
      remedy: "check the address; it is a gateway's or a public door's, with /v1/network at its end",
      cause,
    });
  }
}

/** The address of this machine that the chain's machine sees: where others will most likely reach us too. */
export function addressTowards(rpcUrl: string): Promise<string> {
  const { hostname, port, protocol } = new URL(rpcUrl);
  return new Promise((found, failed) => {
    const socket = connect({
      host: hostname,
      port: Number(port || (protocol === "https:" ? 443 : 80)),
      timeout: timeoutMs,
    });
    socket.once("connect", () => {
      found((socket.localAddress ?? "127.0.0.1").replace(/^::ffff:/, ""));
      socket.destroy();
    });
    socket.once("timeout", () => socket.destroy(new Error("timed out")));
    socket.once("error", (cause) =>
      failed(
        new WeftError(`the network's chain doesn't answer at ${rpcUrl}`, {
          code: "network.unreachable",
          fault: "network",
          retryable: true,
          cause,
        }),
      ),
    );
  });
}
