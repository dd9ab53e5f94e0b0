// The last 24 hours of one workload, as bars to draw and as words for those who do not see them.

import type { Phase, Span } from "../contract";
import { clock, span } from "./words";

export type Kind = "running" | "trying" | "signed-out" | "off";

export interface Bar {
  kind: Kind;
  /** From 0, a day ago, to 1, now. */
  from: number;
  to: number;
}

export interface Strip {
  bars: Bar[];
  text: string;
}

const DAY = 24 * 60 * 60 * 1_000;

const kinds: Record<Phase, Kind> = {
  running: "running",
  auth_retrying: "trying",
  unhealthy: "trying",
  unauthenticated: "signed-out",
  error: "signed-out",
  starting: "off",
  stopping: "off",
  stopped: "off",
  removing: "off",
  unknown: "off",
  policy_stopped: "off",
};

const words: Record<Kind, string> = {
  running: "running",
  trying: "trying again",
  "signed-out": "waiting for a sign-in",
  off: "not running",
};

/** What is said first. */
const order: Kind[] = ["running", "trying", "signed-out", "off"];

/** The spans end when they were asked for: the last of them goes on. */
export function strip(spans: Span[], now: number): Strip {
  const begin = now - DAY;
  const bars: Bar[] = [];
  spans.forEach(({ from, to, status }, index) => {
    const start = Math.max(0, (Date.parse(from) - begin) / DAY);
    const end = Math.min(1, index === spans.length - 1 ? 1 : (Date.parse(to) - begin) / DAY);
    if (end <= start) return;
    const kind = kinds[status];
    const last = bars.at(-1);
    if (last?.kind === kind && last.to >= start) last.to = end;
    else bars.push({ kind, from: start, to: end });
  });
  return { bars, text: tell(bars, begin, now) };
}

function tell(bars: Bar[], begin: number, now: number): string {
  const last = bars.at(-1);
  if (!last) return "Nothing is known of the last 24 hours.";
  if (last.from === 0) return `The last 24 hours: ${words[last.kind]} all the time.`;
  const shares = order.flatMap((kind) => {
    const share = bars.filter((bar) => bar.kind === kind).reduce((sum, bar) => sum + bar.to - bar.from, 0);
    return share ? [`${words[kind]} ${span(Math.round(share * DAY))}`] : [];
  });
  const since = clock(Math.round(begin + last.from * DAY), now);
  return `The last 24 hours: ${shares.join(", ")}. Now ${words[last.kind]}, since ${since}.`;
}
