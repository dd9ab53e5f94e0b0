// Listening for as long as somebody wants to: an engine that is away is looked for again, with growing patience.

import { KeyNeeded, type Listener } from "./host";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/** Waits so long, or until the signal is aborted. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/**
 * Calls `connect` until the function that it returns is called. `connect` says when it hears something, and ends or
 * fails when the engine is gone.
 */
export function follow(
  listener: Listener,
  wait: Wait,
  connect: (heard: () => void, signal: AbortSignal) => Promise<void>,
): () => void {
  const ended = new AbortController();
  void connectAgain(listener, wait, connect, ended.signal);
  return () => ended.abort();
}

async function connectAgain(
  listener: Listener,
  wait: Wait,
  connect: (heard: () => void, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let patience = FIRST_WAIT;
  const heard = () => {
    patience = FIRST_WAIT;
    listener.reachable(true);
  };
  while (!signal.aborted) {
    try {
      await connect(heard, signal);
    } catch (error) {
      if (error instanceof KeyNeeded) return listener.keyNeeded();
    }
    if (signal.aborted) return;
    listener.reachable(false);
    await wait(patience, signal);
    patience = Math.min(patience * 2, LONGEST_WAIT);
  }
}

/** Waits by the clock on the wall. */
export const wait: Wait = (milliseconds, signal) =>
  new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });
