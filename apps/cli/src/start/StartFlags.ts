// The flags of `weft start`, as the command tree parses them.

export interface StartFlags {
  once?: boolean;
  corpus?: string;
  quick?: boolean;
  nodes?: number;
  chainPort?: number;
  gatewayPort?: number;
  /** False with --no-job. */
  job?: boolean;
  yes?: boolean;
}
