// Which sockets accept connections in a network namespace, and which process of a home has them: read from /proc, so
// that nothing is missed that another tool would hide.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { homeAt } from "@weft/cli/Home";
import { livingRecords } from "@weft/cli/process/RunFolder";

export interface Listener {
  protocol: "tcp" | "tcp6" | "udp" | "udp6";
  /** "127.0.0.1"; IPv6 as 32 hex digits. */
  address: string;
  port: number;
  /** From the home's records: "node-1"; "?" for another process. */
  role: string;
}

const protocols = ["tcp", "tcp6", "udp", "udp6"] as const;
const tcpListening = "0A";

/** @param pid any process in the namespace */
export function listenersOf(pid: number, homeRoot: string): Listener[] {
  const roles = rolesBySocket(homeRoot);
  return protocols.flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      // A UDP socket has no state of listening: every one that is bound takes what comes.
      .filter(([, , , state]) => protocol.startsWith("udp") || state === tcpListening)
      .map((fields) => {
        const [address = "", port = ""] = (fields[1] as string).split(":");
        const role = roles.get(fields[9] as string) ?? "?";
        return { protocol, address: addressOf(address), port: Number.parseInt(port, 16), role };
      }),
  );
}

/** "0100007F" is 127.0.0.1. */
const addressOf = (hex: string): string =>
  hex.length === 8 ? [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(".") : hex;

/** Roles by inode of each socket that a process of the home holds open. */
function rolesBySocket(homeRoot: string): Map<string, string> {
  const roles = new Map<string, string>();
  for (const { role, pid } of livingRecords(homeAt(homeRoot)))
    for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${descriptor}`))?.[1];
      if (inode !== undefined) roles.set(inode, role);
    }
  return roles;
}

/** Empty for a descriptor that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
