/**
 * The way in for channels, the same for every carrier: names protocols per network, limits opens, runs handlers so that
 * nothing they throw escapes, and counts what went wrong against the sender.
 */

import type { Clock } from "@weft/protocol/Clock";
import { FlowChannel } from "./FlowChannel.ts";
import type { TransportLimits } from "./Limits.ts";
import { operatorOf } from "./PeerIdentity.ts";
import type { PeerLedger } from "./PeerLedger.ts";
import type { Pipe } from "./Pipe.ts";
import type { ChannelHandler } from "./Transport.ts";
import { toWireError, WireError } from "./WireError.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,95}$/;

/**
 * `/weft/<networkId>/<name>`: nodes of different networks share no protocol and no topic. `name` may already begin with
 * `/weft/` or `weft/<networkId>/`, as the constants of `@weft/protocol/messages` do. Throws `malformed`.
 */
export function qualify(networkId: string, name: string): string {
  let rest = name.replace(/^\/?(weft\/)?/, "");
  if (rest.startsWith(`${networkId}/`)) rest = rest.slice(networkId.length + 1);
  if (!NAME.test(networkId) || networkId.includes("/") || !NAME.test(rest)) {
    throw new WireError("malformed", `not a network id or protocol name: ${networkId}, ${name}`, { fault: "us" });
  }
  return `/weft/${networkId}/${rest}`;
}

export class ChannelGate {
  readonly #limits: TransportLimits;
  readonly #ledger: PeerLedger;
  readonly #clock: Clock;
  readonly #open = new Map<FlowChannel, string>();
  readonly #openPerPeer = new Map<string, number>();

  constructor(limits: TransportLimits, ledger: PeerLedger, clock: Clock) {
    this.#limits = limits;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** A channel to `peerId` over `pipe`, counted until it ends. */
  wrap(pipe: Pipe, peerId: string): FlowChannel {
    const ledger = this.#ledger;
    const channel: FlowChannel = new FlowChannel(
      pipe,
      this.#limits,
      {
        admitFrame: () => ledger.admit(peerId, "messages"),
        messageIn: (bytes) => ledger.countIn(peerId, bytes),
        messageOut: (bytes) => ledger.countOut(peerId, bytes),
        rejected: (error) => ledger.rejectError(peerId, error),
        finished: () => this.#forget(channel, peerId),
      },
      this.#clock,
    );
    this.#open.set(channel, peerId);
    this.#openPerPeer.set(peerId, (this.#openPerPeer.get(peerId) ?? 0) + 1);
    return channel;
  }

  /** Serves one inbound stream to its end; never rejects. */
  async accept(pipe: Pipe, peerId: string, handler: ChannelHandler): Promise<void> {
    const refusal = this.#refuse(peerId);
    const channel = this.wrap(pipe, peerId);
    if (refusal) {
      this.#ledger.rejectError(peerId, refusal);
      channel.abort(refusal);
      return;
    }
    try {
      await handler(channel, { peerId, operator: operatorOf(peerId) });
      await channel.finish();
    } catch (error) {
      const wireError = toWireError(error, "handler");
      this.#ledger.rejectError(peerId, wireError);
      channel.abort(wireError);
    }
  }

  /** Aborts the channels to one peer, or all. */
  abortAll(reason: WireError, peerId?: string): void {
    for (const [channel, owner] of [...this.#open]) {
      if (peerId === undefined || owner === peerId) channel.abort(reason);
    }
  }

  #refuse(peerId: string): WireError | undefined {
    if (this.#ledger.isBanned(peerId)) return new WireError("banned", "too many violations");
    if (!this.#ledger.admit(peerId, "opens")) return new WireError("rate", "too many channels per second");
    if ((this.#openPerPeer.get(peerId) ?? 0) >= this.#limits.maxChannelsPerPeer) {
      return new WireError("rate", `more than ${this.#limits.maxChannelsPerPeer} channels at once`);
    }
    return undefined;
  }

  #forget(channel: FlowChannel, peerId: string): void {
    if (!this.#open.delete(channel)) return;
    const left = (this.#openPerPeer.get(peerId) ?? 1) - 1;
    if (left > 0) this.#openPerPeer.set(peerId, left);
    else this.#openPerPeer.delete(peerId);
  }
}
