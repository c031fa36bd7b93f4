// The leases of this gateway's jobs and their money, for people: what is reserved, what went where, what came back.
import type { GatewayContext } from "../GatewayContext.ts";
import { decode } from "./JobRecord.ts";

/**
 * As JSON data, amounts as decimal text. `reserved` is pay and audit pot together; `refunded` is 0 until the lease is
 * settled; then reserved = paid + auditorsPaid + refunded. Without money where the chain does not show the lease.
 */
export function listLeases(context: {
  store: Pick<GatewayContext["store"], "listJobs">;
  chain: Pick<GatewayContext["chain"], "lease">;
}): object[] {
  return context.store.listJobs().flatMap(({ jobId, record }) =>
    decode(record).leases.map(({ leaseId, orderHash, nodeId, fill }) => {
      const named = { jobId, leaseId, orderHash, nodeId, fill };
      const facts = context.chain.lease(leaseId);
      if (facts === undefined) return { ...named, state: "none" };
      const { state, reason, pay, auditPot, bond, paid, auditPaid, refunded } = facts;
      const money = { reserved: pay + auditPot, bond, paid, auditorsPaid: auditPaid, refunded };
      const texts = Object.entries(money).map(([name, amount]) => [name, amount.toString()]);
      return { ...named, state, reason, ...Object.fromEntries(texts) };
    }),
  );
}
