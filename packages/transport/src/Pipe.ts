/** The byte stream a channel runs on: a libp2p stream or an in-memory one. */

export interface PipeSink {
  data(bytes: Uint8Array): void;
  /** The other side will write nothing more. */
  ended(): void;
  /** Nothing more happens; with an error when it ended badly. Called at most once. */
  closed(error?: Error): void;
}

export interface Pipe {
  /** Takes the bytes over. A promise means: the carrier is full, write no more data until it resolves. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Ends this side's writing after what was written. */
  closeWrite(): Promise<void>;
  /** Ends both sides at once. */
  abort(reason: Error): void;
  /** Sets the only sink; called once, what arrived before is delivered then. */
  listen(sink: PipeSink): void;
}
