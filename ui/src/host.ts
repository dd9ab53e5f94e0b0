// What the page needs of whatever shows it: the window of the desktop app, or a browser. Nothing else in `ui/` knows
// which of them it is.

import type { Answer, Body, Operation, Problem, Row, Snapshot } from "./contract";

/** What fills the path of an operation; what the path has no place for becomes its query. */
export type Parameters = Record<string, string | number>;

/** A place to show: one server's row, or another screen. */
export interface Place {
  workload?: string | null;
  screen?: "add" | "settings" | null;
}

/** What happens at the engine, as it happens. */
export interface Listener {
  snapshot(snapshot: Snapshot): void;
  journal(row: Row): void;
  /** Whether the engine can be heard. */
  reachable(is: boolean): void;
  /** The engine takes no key of ours any more; nothing follows. */
  keyNeeded(): void;
}

/** Starting with the person's session: only the desktop app can. */
export interface Autostart {
  read(): Promise<boolean>;
  write(on: boolean): Promise<void>;
}

export interface Host {
  /**
   * Throws `Refused` with what the engine says, `Away` where nothing answers, `KeyNeeded` where it takes no key of ours.
   */
  call<O extends Operation>(operation: O, parameters?: Parameters, body?: Body<O>): Promise<Answer<O>>;
  /** Listens until the function that it returns is called. */
  listen(listener: Listener): () => void;
  /** Opens a web page in the person's browser. */
  open(address: string): Promise<void>;
  copy(text: string): Promise<void>;
  autostart: Autostart | null;
  /** Tells where to begin, and later where to go. */
  places(show: (place: Place) => void): void;
}

/** The engine understood, and said no. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Nothing answers. */
export class Away extends Error {
  constructor() {
    super("Lamplighter does not answer.");
  }
}

/** The engine answers, but not to us. */
export class KeyNeeded extends Error {
  constructor() {
    super("This page has no key to Lamplighter.");
  }
}

/** Only these addresses may be handed to a browser. */
export function isWebAddress(address: string): boolean {
  return URL.canParse(address) && ["http:", "https:"].includes(new URL(address).protocol);
}

/** Passes one event of the engine on; those that the page has no use for it does not know. */
export function tell(listener: Listener, event: string | undefined, data: unknown): void {
  if (event === "snapshot") listener.snapshot(data as Snapshot);
  if (event === "journal") listener.journal(data as Row);
}
