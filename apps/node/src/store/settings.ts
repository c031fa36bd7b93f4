// What must survive a restart and is no row of its own: the owner's switch, the beacon's onion.
import { fromBody, toBody } from "./json.ts";
import { get, run, type Store } from "./Store.ts";

export type SettingName = "paused" | "beacon";

export function putSetting(store: Store, options: { name: SettingName; value: unknown }): void {
  run(store, "insert into settings(name, body) values (?, ?) on conflict(name) do update set body=excluded.body", [
    options.name,
    toBody(options.value),
  ]);
}

/** The stored value, unchecked; undefined when never set. */
export function getSetting(store: Store, options: { name: SettingName }): unknown {
  const row = get(store, "select body from settings where name = ?", [options.name]);
  return row === undefined ? undefined : fromBody(row["body"]);
}
