// `weft orders`: what the gateway signed and the chain would still take; and withdrawing it with the buyer's own key.
// Withdrawing binds everybody, also a matcher that has a copy of the order and never hears of it.
import { bumpBuyerEpoch } from "@weft/chain/actions/bumpBuyerEpoch";
import { cancelOrder } from "@weft/chain/actions/cancelOrder";
import { readAccount } from "@weft/chain/reads";
import { WeftError } from "@weft/protocol/Errors";
import { z } from "zod";
import { type Context, gatewayOf } from "../Context.ts";
import { request } from "../GatewayClient.ts";
import { shortHash } from "../render/figures.ts";
import { sendAll } from "../start/buyer.ts";
import { openWallet } from "./openWallet.ts";
import { amount, left, printRows, rowsOf, short } from "./rows.ts";

export async function orders(context: Context): Promise<number> {
  printRows(context, await rowsOf(context, "/v1/orders", "orders"), {
    kind: "order",
    none: "no orders yet; a job makes one: weft run examples/train-own-text.yaml",
    fields: [
      { key: "jobId", title: "job" },
      { key: "orderHash", title: "order", show: short },
      { key: "state", title: "state" },
      { key: "nonce", title: "nonce", align: "right" },
      { key: "budget", title: "budget", align: "right", show: amount },
      { key: "expiresAt", title: "for another", align: "right", show: left },
    ],
  });
  return 0;
}

const orderShape = z.looseObject({
  jobId: z.string(),
  orderHash: z.string(),
  nonce: z.string().regex(/^\d{1,20}$/),
  buyer: z.string(),
  state: z.string(),
});
type OrderRow = z.infer<typeof orderShape>;

export async function cancelOrders(context: Context, which: string | undefined, flags: { all?: boolean }) {
  if (flags.all === true && which === undefined) return cancelAll(context);
  if (which !== undefined && flags.all !== true) return cancelOne(context, which);
  throw new WeftError("name one order, or say --all", {
    code: "cli.usage",
    remedy: "write: weft orders cancel JOB, with a job of: weft orders; or: weft orders cancel --all",
  });
}

async function cancelOne(context: Context, which: string): Promise<number> {
  const { client, buyer } = await openWallet(context);
  const named = await ordersNamed(context, which);
  const owner = buyer.signer.address;
  const other = named.find((order) => order.buyer.toLowerCase() !== owner.toLowerCase());
  if (other !== undefined)
    throw new WeftError(`the order's buyer is ${other.buyer}, this wallet is ${owner}`, {
      code: "orders.buyer",
      remedy: "run this on the buyer's home: --home DIR",
    });
  const live = named.filter(({ state }) => state === "open" || state === "leased");
  await sendAll(
    client,
    buyer.signer,
    live.map(({ nonce }) => cancelOrder(client, { buyer: owner, nonce: BigInt(nonce) })),
  );
  for (const order of named) tellCancelled(context, order);
  context.emit({ kind: "summary", ok: true, cancelled: live.map(({ orderHash }) => orderHash) });
  return 0;
}

function tellCancelled(context: Context, { jobId, orderHash, state }: OrderRow): void {
  const name = `order ${shortHash(orderHash)} of ${jobId}`;
  const live = state === "open" || state === "leased";
  context.say(live ? `${name} is cancelled: it opens no further lease` : `${name} is ${state} already`);
  if (state === "leased") context.say(`its open lease goes on; end that too with: weft jobs cancel ${jobId}`);
}

/** All orders of a job, or the one whose hash, or a beginning that only it has, is named. @throws `orders.unknown` */
async function ordersNamed(context: Context, which: string): Promise<OrderRow[]> {
  const answer = z.object({ orders: z.array(orderShape) }).parse(await request(gatewayOf(context), "/v1/orders"));
  const wanted = which.toLowerCase();
  const ofJob = answer.orders.filter(({ jobId }) => jobId.toLowerCase() === wanted);
  if (ofJob.length > 0) return ofJob;
  const found = answer.orders.filter(({ orderHash }) => wanted.length >= 4 && orderHash.startsWith(wanted));
  if (found.length === 1) return found;
  throw new WeftError(
    found.length === 0 ? `there is no order ${which}` : `${found.length} orders begin with ${which}`,
    {
      code: "orders.unknown",
      remedy: "take the job, or the order's hash, from: weft orders --json",
    },
  );
}

/** Needs no gateway: the buyer's next epoch makes every order signed before void. */
async function cancelAll(context: Context): Promise<number> {
  const { client, buyer } = await openWallet(context);
  const owner = buyer.signer.address;
  const { buyerEpoch } = await readAccount(client, owner);
  await sendAll(client, buyer.signer, [bumpBuyerEpoch(client, { buyer: owner, buyerEpoch: BigInt(buyerEpoch) })]);
  context.say("every order signed before now is cancelled: none of them opens a lease any more");
  context.say("open leases go on, and new orders are as good as before");
  context.emit({ kind: "summary", ok: true, cancelled: "all", buyerEpoch: buyerEpoch + 1 });
  return 0;
}
