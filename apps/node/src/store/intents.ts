// Write-ahead log of what the node is about to do on chain: planned → sent → done. After a crash, every open intent is
// looked up on chain by its key and sent again or marked done; nothing is sent that isn't written here first.
import { fromBody, toBody } from "./json.ts";
import { all, get, type Row, run, type Store } from "./Store.ts";

export type IntentState = "planned" | "sent" | "done";
export interface Intent<Body = unknown> {
  /** What it does, once and for all: `claim/<channel>/<cumulative>`. */
  key: string;
  body: Body;
  state: IntentState;
  updatedAt: number;
}

const fromRow = (row: Row): Intent => ({
  key: String(row["key"]),
  body: fromBody(row["body"]),
  state: row["state"] as IntentState,
  updatedAt: Number(row["updatedAt"]),
});

export function getIntent(store: Store, options: { key: string }): Intent | undefined {
  const row = get(store, "select * from intents where key = ?", [options.key]);
  return row === undefined ? undefined : fromRow(row);
}

/** Inserts or replaces. A done intent stays done. */
export function putIntent(store: Store, options: { intent: Omit<Intent, "updatedAt">; at: number }): boolean {
  const { key, body, state } = options.intent;
  const changed = run(
    store,
    `insert into intents(key, body, state, updatedAt) values (?, ?, ?, ?)
     on conflict(key) do update set body=excluded.body, state=excluded.state, updatedAt=excluded.updatedAt
       where state <> 'done'`,
    [key, toBody(body), state, options.at],
  );
  return changed > 0;
}

/** Intents not done, oldest first. */
export function openIntents(store: Store, options: { limit: number }): Intent[] {
  return all(store, "select * from intents where state <> 'done' order by updatedAt, key limit ?", [options.limit]).map(
    fromRow,
  );
}

/** A re-org took the transaction away: the intent is planned again. */
export function reopenIntent(store: Store, options: { key: string; at: number }): void {
  run(store, "update intents set state = 'planned', updatedAt = ? where key = ?", [options.at, options.key]);
}
