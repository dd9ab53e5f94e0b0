// A host whose engine is a script: answers what it is told to, and notes what it was asked.

import type { Answer, Body, Operation, Snapshot } from "../../src/contract";
import type { Host, Listener, Place } from "../../src/host";
import { settings, snapshot } from "./samples";

type Answers = {
  [O in Operation]?: (parameters: Record<string, string | number>, body: Body<O>) => Answer<O> | Promise<Answer<O>>;
};

export interface Staged extends Host {
  asked: { operation: Operation; parameters: Record<string, string | number>; body: unknown }[];
  opened: string[];
  copied: string[];
  /** What the engine says next. */
  say: Listener;
  /** Where the page is sent. */
  send(place: Place): void;
}

export function staged(first: Snapshot | null, answers: Answers = {}): Staged {
  const usual: Answers = {
    settings: () => settings,
    history: () => ({ from: "", to: "", workloads: {} }),
    rows: () => ({ events: [] }),
    ...answers,
  };
  const listeners = new Set<Listener>();
  const shows = new Set<(place: Place) => void>();
  const each = (tell: (listener: Listener) => void) => listeners.forEach(tell);
  const host: Staged = {
    asked: [],
    opened: [],
    copied: [],
    say: {
      snapshot: (value) => each((listener) => listener.snapshot(value)),
      journal: (row) => each((listener) => listener.journal(row)),
      reachable: (is) => each((listener) => listener.reachable(is)),
      keyNeeded: () => each((listener) => listener.keyNeeded()),
    },
    send: (place) => shows.forEach((show) => show(place)),
    async call(operation, parameters = {}, body) {
      host.asked.push({ operation, parameters, body });
      return (await usual[operation]?.(parameters, body as never)) as never;
    },
    listen(listener) {
      listeners.add(listener);
      if (first) listener.snapshot(first);
      return () => listeners.delete(listener);
    },
    open: async (address) => void host.opened.push(address),
    copy: async (text) => void host.copied.push(text),
    autostart: { read: async () => true, write: async () => {} },
    places: (show) => void shows.add(show),
  };
  return host;
}

/** The snapshot with `workloads` in it. */
export const showing = (...workloads: Snapshot["workloads"]): Snapshot => snapshot(workloads);
