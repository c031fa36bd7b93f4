// The flags of `weft start`, as the command tree parses them.

export interface StartFlags {
  once?: boolean;
  corpus?: string;
  quick?: boolean;
  nodes?: number;
  chainPort?: number;
  gatewayPort?: number;
  /** Seconds between blocks of the development chain; 0.25 when absent. */
  blockSeconds?: number;
  /** Address of this machine that other machines reach; 127.0.0.1 and no door when absent. */
  address?: string;
  /** False with --no-job. */
  job?: boolean;
  /** Buys a job even where an earlier start left the same one undone. */
  newJob?: boolean;
  /** The provider that wins computes falsely, and the court finds it. */
  cheat?: boolean;
  yes?: boolean;
}
