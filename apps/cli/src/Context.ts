// What every command is handed: where the network lives, how to print, and when to stop. Nothing else in the command
// line reads flags, environment or standard streams.
import { hasCode, WeftError } from "@weft/protocol/Errors";
import { z } from "zod";
import * as GatewayClient from "./GatewayClient.ts";
import { type Home, readJson, resolveHome } from "./Home.ts";
import { type Look, wantsColour } from "./render/terminalText.ts";

export interface GlobalFlags {
  home?: string;
  json?: boolean;
  gateway?: string;
  tokenFile?: string;
}

export interface Context {
  home: Home;
  cwd: string;
  json: boolean;
  /** A person watches: a terminal with cursor control, and no --json. */
  live: boolean;
  look: Look;
  environment: Record<string, string | undefined>;
  flags: GlobalFlags;
  /** A line on standard output, or nothing under --json. */
  say(line: string): void;
  /** Text on standard output without a line feed, or nothing under --json. */
  write(text: string): void;
  /** A JSON line on standard output, only under --json. */
  emit(value: object): void;
  /** A line on standard error, always. */
  warn(line: string): void;
}

const widthWithoutTerminal = 120;

export function makeContext(flags: GlobalFlags): Context {
  const { env, stdout, stderr } = process;
  const json = flags.json === true;
  const terminal = stdout.isTTY === true && env["TERM"] !== "dumb";
  const cwd = process.cwd();
  return {
    home: resolveHome(flags.home ?? env["WEFT_HOME"], cwd),
    cwd,
    json,
    live: terminal && !json,
    look: {
      colour: !json && wantsColour(env, stdout.isTTY === true),
      piped: stdout.isTTY !== true,
      // A getter: the width follows the window.
      get width() {
        return Math.max(20, stdout.columns || widthWithoutTerminal);
      },
    },
    environment: env,
    flags,
    say: (line) => void (json || stdout.write(`${line}\n`)),
    write: (text) => void (json || stdout.write(text)),
    emit: (value) => void (json && stdout.write(`${JSON.stringify(value, bigintText)}\n`)),
    warn: (line) => void stderr.write(`${line}\n`),
  };
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);

const endpointShape = z.looseObject({ url: z.string().regex(/^https?:\/\//) });

/** Where a running gateway of this home wrote how to reach it. */
export const endpointFile = (home: Home): string => `${home.run}/endpoint`;

/**
 * The gateway named by --gateway or WEFT_GATEWAY, else the one that runs on this home.
 * @throws WeftError `gateway.none`
 */
export function gatewayOf(context: Context): GatewayClient.GatewayClient {
  const { environment, flags, home } = context;
  const tokenFile = flags.tokenFile ?? environment["WEFT_TOKEN_FILE"] ?? home.gatewayToken;
  const named = flags.gateway ?? environment["WEFT_GATEWAY"];
  if (named !== undefined) return GatewayClient.connect({ url: checkedUrl(named), tokenFile });
  const endpoint = endpointShape.safeParse(readJson(endpointFile(home)));
  if (!endpoint.success)
    throw new WeftError(`no gateway runs on ${home.root}`, {
      code: "gateway.none",
      remedy: "start the network with `npm start`, or name a gateway with --gateway URL --token-file FILE",
    });
  return GatewayClient.connect({ url: endpoint.data.url, tokenFile });
}

function checkedUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new WeftError(`"${text}" is not a gateway's address`, {
    code: "gateway.address",
    remedy: "write a URL such as http://127.0.0.1:8480",
  });
}

/** True for the refusal a person caused by pressing Ctrl-C. */
export const wasInterrupted = (error: unknown): boolean =>
  hasCode(error, "gateway.interrupted") || hasCode(error, "cli.interrupted");
