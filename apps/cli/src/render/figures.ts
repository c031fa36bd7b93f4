// Numbers as a person reads them. Amounts arrive as decimal text of integer units and stay integers until here.
import * as Amount from "@weft/protocol/Amount";

/** Six decimals, so that columns of prices line up: "182" → "0.000182". */
export function amountOf(units: string | bigint): string {
  const text = Amount.format(BigInt(units));
  const [whole, fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(Amount.stableDecimals, "0")}`;
}

const [coinDecimals, coinStep] = [18, 10n ** 12n];

/** Wei, rounded up to six decimals: 4000000000000001n → "0.004001 of the chain's own coin". */
export const coinOf = (wei: bigint): string =>
  `${Amount.format(((wei + coinStep - 1n) / coinStep) * coinStep, coinDecimals)} of the chain's own coin`;

const secondsPerHour = 3600n;

/** A price per unit and second, shown by the hour, which is exact in four decimals: "182" → "0.6552". */
export function rateOf(unitsPerSecond: string | bigint): string {
  const [whole, fraction = ""] = Amount.format(BigInt(unitsPerSecond) * secondsPerHour).split(".");
  return `${whole}.${fraction.padEnd(4, "0")}`;
}

/** 1234567 → "1,234,567". */
export const grouped = (value: number | string | bigint): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** Parts per million, rounded down: 832192 → "83.2%". */
export const percentOf = (ppm: number): string => `${(Math.floor(ppm / 1000) / 10).toFixed(1)}%`;

/** 118432 → "118k". */
export function compact(value: number): string {
  if (value < 1000) return String(Math.round(value));
  if (value < 1_000_000) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)}k`;
  if (value < 1_000_000_000) return `${(value / 1_000_000).toFixed(1)}M`;
  return `${(value / 1_000_000_000).toFixed(1)}G`;
}

export function bytesOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

/** 95 → "1:35", 3661 → "1:01:01". */
export function clockOf(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** First and last digits of a hash or id. */
export const shortHash = (hash: string): string => (hash.length > 14 ? `${hash.slice(0, 8)}…${hash.slice(-4)}` : hash);

/** Names of nodes that this machine knows; everyone else goes by the start of the id. */
export type NodeNames = ReadonlyMap<string, string>;
export const nameOf = (names: NodeNames, nodeId: string): string =>
  names.get(nodeId.toLowerCase()) ?? shortHash(nodeId);
