/** Lets the event loop turn, for work on a thread that others need too. */
export const turn = (): Promise<void> => new Promise((wake) => setImmediate(wake));
