// Child of Store.test.ts: writes vouchers and receipts and acknowledges each on stdout after the call returned, until
// it is killed. argv: store path.
import { writeSync } from "node:fs";
import { keepReceipt } from "./receipts.ts";
import { openStore } from "./Store.ts";
import { keepVoucher } from "./vouchers.ts";

const store = openStore(String(process.argv[2]));
const leaseId = `0x${"11".repeat(32)}` as const;
const signature = `0x${"22".repeat(65)}` as const;
const voucher = { channelId: leaseId, payee: `0x${"33".repeat(20)}` as const };
for (let n = 0; n < 200_000; n++) {
  keepVoucher(store, { signed: { voucher: { ...voucher, cumulative: BigInt(n + 1) }, signature }, at: n });
  keepReceipt(store, { receipt: { leaseId, sequence: n, segment: n, hash: leaseId, body: { n } }, at: n });
  writeSync(1, `${n}\n`);
}
