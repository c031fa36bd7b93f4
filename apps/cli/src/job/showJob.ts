// Follows a job on the screen to its end: live on a terminal, a line per event in a pipe, the events themselves as JSON.
import { WeftError } from "@weft/protocol/Errors";
import type { JobEvent } from "@weft/protocol/JobEvent";
import type { Context } from "../Context.ts";
import type { NodeNames } from "../render/figures.ts";
import { applyEvent, emptyView, isOver, type JobView } from "../render/JobView.ts";
import { livePainter, type Screen } from "../render/LivePainter.ts";
import { liveLines } from "../render/liveLines.ts";
import { plainLine } from "../render/plainLines.ts";

export interface ShowOptions {
  names: NodeNames;
  /** Shown under the live view's title. */
  notice?: string;
  onEvent?: (event: JobEvent) => void;
  /** Where the live view is painted; standard output by default. */
  screen?: Screen;
}

const clockMs = 1000;

/** The view after the last event. @throws WeftError what `events` throws, or `job.broken` when it ends too early */
export async function showJob(
  context: Context,
  events: AsyncIterable<JobEvent>,
  options: ShowOptions,
): Promise<JobView> {
  let view = emptyView;
  const screen = context.live ? liveScreen(context, { ...options, view: () => view }) : undefined;
  try {
    for await (const event of events) {
      if (context.json) context.emit(event);
      else if (screen === undefined) {
        const line = plainLine(view, event, options.names);
        if (line !== undefined) context.say(line);
      }
      view = applyEvent(view, event);
      options.onEvent?.(event);
      screen?.update();
    }
  } finally {
    screen?.finish();
  }
  if (isOver(view)) return view;
  throw new WeftError("the gateway stopped telling about the job before its end", {
    code: "job.broken",
    fault: "network",
    retryable: true,
    remedy: `see it again with: weft jobs attach ${view.jobId}`,
  });
}

function liveScreen(context: Context, options: ShowOptions & { view: () => JobView }) {
  const painter = livePainter(options.screen ?? process.stdout);
  const { names, notice } = options;
  const lines = () =>
    liveLines(options.view(), {
      look: context.look,
      names,
      now: Date.now(),
      ...(notice === undefined ? {} : { notice }),
    });
  const update = () => painter.show(lines);
  // The elapsed time goes on between events.
  const timer = setInterval(update, clockMs);
  return {
    update,
    finish() {
      clearInterval(timer);
      painter.finish();
    },
  };
}
