// A row of the journal as a line to read: when, what, why.

import type { Row } from "../contract";
import { clock, labels, sentence } from "./words";

export interface Line {
  id: number;
  /** For programs, and for the eye. */
  time: string;
  when: string;
  what: string;
  why: string;
}

/** Newest first. */
export function lines(rows: Row[], now: number): Line[] {
  return rows
    .map((row) => ({
      id: row.id,
      time: row.time,
      when: clock(Date.parse(row.time), now),
      what: what(row),
      why: why(row),
    }))
    .reverse();
}

function what(row: Row): string {
  switch (row.kind) {
    case "attempt":
      if (row.verdict === "ok") return "Login renewed";
      return row.verdict === "permanent" ? "Renewal refused" : "Renewal failed";
    case "status":
      return row.to ? sentence(labels[row.to]).slice(0, -1) : "State changed";
    case "trigger":
      return "Tried at once";
    case "login":
      return "Sign-in";
    case "notice":
      return "You were told";
    case "store":
      return "Secret store";
    case "engine":
      return "Lamplighter";
  }
}

function why(row: Row): string {
  return row.reason ? sentence(row.reason) : "";
}
