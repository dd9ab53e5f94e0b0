// Labels, and times as people say them. What is wrong, and what to do about it, is said by the engine.

import type { Phase, Problem, Revocation } from "../contract";

/** What the page calls a state. */
export const labels: Record<Phase, string> = {
  starting: "starting",
  running: "running",
  auth_retrying: "trying again",
  unauthenticated: "sign-in needed",
  unhealthy: "out of reach",
  stopping: "stopping",
  stopped: "stopped",
  error: "cannot run",
  removing: "being removed",
  unknown: "not known yet",
  policy_stopped: "stopped by policy",
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something takes, as exactly as anyone asks: `under a minute`, `41 min`, `3 h 20 min`, `2 days`. */
export function span(milliseconds: number): string {
  if (milliseconds < MINUTE) return "under a minute";
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)} min`;
  if (milliseconds < DAY) {
    const minutes = Math.floor((milliseconds % HOUR) / MINUTE);
    return `${Math.floor(milliseconds / HOUR)} h${minutes ? ` ${minutes} min` : ""}`;
  }
  const days = Math.floor(milliseconds / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** A wait that is being watched: `now`, `6:12`, and from an hour on as `span` says it. */
export function countdown(milliseconds: number): string {
  if (milliseconds <= 0) return "now";
  if (milliseconds >= HOUR) return span(milliseconds);
  const seconds = Math.ceil(milliseconds / SECOND);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A moment as it stands on a clock: the day only where it is not today. */
export function clock(moment: number, now: number): string {
  const at = new Date(moment);
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === new Date(now).toDateString()) return time;
  return `${at.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" })}, ${time}`;
}

/** A sentence that stands by itself: with a capital at its beginning and a full stop at its end. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "";
  const capital = trimmed[0]!.toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}

/** What a problem says, and what helps; without the field's name, beside which it stands. */
export function explain({ detail, hint, field }: Pick<Problem, "detail" | "hint" | "field">): string {
  const said = field && detail.startsWith(`${field}: `) ? detail.slice(field.length + 2) : detail;
  return [said, hint ?? ""].map(sentence).filter(Boolean).join(" ");
}

/** How a sign-out went. */
export function signedOut(revocation: Revocation): string {
  if (typeof revocation === "object") {
    return `Signed out here, but the server could not be told: ${sentence(revocation.failed)}`;
  }
  switch (revocation) {
    case "revoked":
      return "Signed out, here and at the server.";
    case "not_offered":
      return "Signed out here; the server offers no way to be told.";
    case "nothing_held":
      return "There was no login to sign out of.";
  }
}

/** A title as it stands within a sentence. */
export function inSentence(title: string): string {
  return title.charAt(0).toLowerCase() + title.slice(1);
}

/** `a`, `a and b`, `a, b and c`. */
export function list(names: string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** What is written between backticks is to be typed. */
export function typed(text: string): { text: string; code: boolean }[] {
  return text
    .split("`")
    .map((part, index) => ({ text: part, code: index % 2 === 1 }))
    .filter((part) => part.text);
}

/** The host of an address, as people name a server. */
export function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address;
}
