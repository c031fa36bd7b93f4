// The control block of a team, 64 bytes: what its threads tell each other. Bytes 0 and 4 are the barrier's.

/** Number of the run, raised by the leader to start one. */
export const CONTROL_SEQUENCE: usize = 8;
/** Address of the plan to run; 0 sends the followers home. */
export const CONTROL_PLAN: usize = 12;
/** failure.ts. */
export const CONTROL_FAILURE: usize = 16;
