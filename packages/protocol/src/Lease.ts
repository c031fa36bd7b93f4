// Lease states and close reasons, in the order of the Solidity enums.

export const states = ["none", "open", "inputsReady", "running", "closing", "settling", "settled"] as const;
export type LeaseState = (typeof states)[number];

export const closeReasons = [
  "none",
  "completed",
  "buyerCancelled",
  "providerSilent",
  "providerQuit",
  "unstarted",
  "inputsMissing",
  "falseSegment",
  "expired",
] as const;
export type CloseReason = (typeof closeReasons)[number];

/** Reasons after which the same order may be filled again, by another provider. */
export const refillable: readonly CloseReason[] = ["providerSilent", "providerQuit", "unstarted", "falseSegment"];
