// The live view as a terminal shows it: a recorded job painted frame by frame on a headless terminal of several widths,
// resized while it runs, without colours, and not painted at all where there is no terminal.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { JobEvent } from "@weft/protocol/JobEvent";
import xterm from "@xterm/headless";
import type { Context } from "../Context.ts";
import { showJob } from "../job/showJob.ts";
import { events, names } from "./fixtureEvents.ts";
import { applyEvent, emptyView, type JobView } from "./JobView.ts";
import { livePainter, type Painter, rowsOf } from "./LivePainter.ts";
import { liveLines } from "./liveLines.ts";
import { widthOf } from "./terminalText.ts";

const notice = "shared-host: the five nodes run on this one machine";

/** A terminal with what a person sees in it; what was said before the view stands above it. */
class Window {
  readonly terminal: xterm.Terminal;
  readonly look = { colour: false, width: 0 };
  #written: Promise<void> = Promise.resolve();
  #onWrite: (() => void) | undefined;

  constructor(columns: number, rows = 40) {
    // A terminal's driver turns a line feed into a new line.
    const options = { cols: columns, rows, scrollback: 200, allowProposedApi: true, convertEol: true };
    this.terminal = new xterm.Terminal(options);
    this.look.width = columns;
    this.write("said before\n");
  }

  get columns(): number {
    return this.terminal.cols;
  }

  get rows(): number {
    return this.terminal.rows;
  }

  write = (bytes: Uint8Array | string): boolean => {
    this.#written = new Promise((resolve) => this.terminal.write(bytes, resolve));
    this.#onWrite?.();
    return true;
  };

  /** Resolves once something more was written. */
  painted(): Promise<void> {
    return new Promise((resolve) => (this.#onWrite = resolve));
  }

  async resize(columns: number, rows = this.terminal.rows): Promise<void> {
    await this.#written;
    this.terminal.resize(columns, rows);
    this.look.width = columns;
  }

  /** Every row from the first one ever written, without empty ones at the end. */
  async text(): Promise<string[]> {
    await this.#written;
    const { active } = this.terminal.buffer;
    const rows = Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? "");
    return rows.slice(0, rows.findLastIndex((row) => row !== "") + 1);
  }

  /** Whether any cell has a colour or a style. */
  async isStyled(): Promise<boolean> {
    await this.#written;
    const { active } = this.terminal.buffer;
    for (let row = 0; row < active.length; row++)
      for (let column = 0; column < this.terminal.cols; column++) {
        const cell = active.getLine(row)?.getCell(column);
        if (cell !== undefined && !(cell.isFgDefault() && cell.isBgDefault() && !cell.isBold() && !cell.isDim()))
          return true;
      }
    return false;
  }
}

const linesOf = (view: JobView, window: Window): string[] =>
  liveLines(view, { look: window.look, names, now: view.lastAt, notice });

/** Shows the view and waits for the frame. */
async function frameOf(painter: Painter, view: JobView, window: Window): Promise<void> {
  const painted = window.painted();
  painter.show(() => linesOf(view, window));
  await painted;
}

/** Paints the view after each event and hands it on. */
async function play(window: Window, each: (view: JobView, painter: Painter) => Promise<void>) {
  const painter = livePainter(window);
  let view = emptyView;
  for (const event of events) {
    view = applyEvent(view, event);
    await frameOf(painter, view, window);
    await each(view, painter);
  }
  painter.finish();
  return view;
}

suite("painted frame by frame", { concurrency: true }, () => {
  for (const columns of [40, 80, 200])
    test(`${columns} columns: every frame replaces the one before it, nothing is left over, no line breaks`, async () => {
      const window = new Window(columns);
      let [least, most] = [Number.POSITIVE_INFINITY, 0];
      const last = await play(window, async (view) => {
        const lines = linesOf(view, window);
        assert.deepEqual(await window.text(), ["said before", ...lines.map((line) => line.trimEnd())]);
        for (const line of lines) assert.ok(widthOf(line) <= columns, line);
        least = Math.min(least, lines.length);
        most = Math.max(most, lines.length);
      });
      assert.ok(most > least + 5, "the view grows");
      window.write("said after\n");
      assert.deepEqual((await window.text()).slice(-2), [linesOf(last, window).at(-1)?.trimEnd(), "said after"]);
    });

  test("resized while it runs: narrower lines are broken by the terminal, and taken back whole", async () => {
    const window = new Window(200);
    const widths = [200, 60, 120, 45, 80, 40, 200];
    let frame = 0;
    await play(window, async (view, painter) => {
      assert.deepEqual(await window.text(), ["said before", ...linesOf(view, window).map((line) => line.trimEnd())]);
      await window.resize(widths[frame++ % widths.length] as number);
      await frameOf(painter, view, window);
      assert.deepEqual(await window.text(), ["said before", ...linesOf(view, window).map((line) => line.trimEnd())]);
    });
    assert.ok(frame > widths.length);
  });

  test("a window lower than the view shows its end, and the cursor stays below it", async () => {
    const window = new Window(80, 8);
    await play(window, async (view) => {
      const lines = linesOf(view, window).map((line) => line.trimEnd());
      const { active } = window.terminal.buffer;
      const seen = (await window.text()).slice(active.baseY);
      assert.deepEqual(seen.slice(-Math.min(7, lines.length)), lines.slice(-7));
      assert.ok(active.cursorY <= 7);
    });
  });
});

test("rows of lines: as many as the width makes of them", () => {
  assert.equal(rowsOf([], 80), 0);
  assert.equal(rowsOf(["", "abc", "\u001b[31mabcd\u001b[39m", "abcde"], 4), 5);
  assert.equal(rowsOf(["日本"], 3), 2);
});

/** A job shown as the command shows it, its events one after another. */
async function show(window: Window | undefined, changes: Partial<Context>): Promise<string[]> {
  const said: string[] = [];
  const stream = async function* (): AsyncGenerator<JobEvent> {
    yield* events;
  };
  const context = {
    ...{ json: false, live: window !== undefined, look: window?.look ?? { colour: false, width: 120 } },
    ...{ say: (line: string) => void said.push(line), emit: (value: object) => void said.push(JSON.stringify(value)) },
    ...changes,
  } as Context;
  const view = await showJob(context, stream(), { names, ...(window === undefined ? {} : { screen: window }) });
  assert.equal(view.lastAt, events.at(-1)!.at);
  return said;
}

test("NO_COLOR: not a cell has a colour or a style; with colours some do", async () => {
  const plain = new Window(80);
  await show(plain, {});
  assert.equal(await plain.isStyled(), false);
  assert.match((await plain.text()).join("\n"), /weft {2}train-own-text/);
  const colourful = new Window(80);
  await show(colourful, { look: { colour: true, width: 80 } });
  assert.equal(await colourful.isStyled(), true);
});

test("no terminal: a line per event, no control sequence, nothing painted", async () => {
  const said = await show(undefined, {});
  assert.ok(said.length > 10);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  for (const line of said) assert.doesNotMatch(line, /[\u0000-\u001f\u007f]/);
  const json = await show(undefined, { json: true });
  assert.deepEqual(
    json.map((line) => JSON.parse(line)),
    JSON.parse(JSON.stringify(events)),
  );
});
