// The page in the desktop app's window: asks the process around it, which alone holds the key to the engine.

import type { Operation, Problem } from "./contract";
import { follow, type Wait } from "./follow";
import { type Host, type Listener, type Parameters, type Place, Refused, tell } from "./host";

/** What this host takes of its surroundings. */
export interface Bridge {
  invoke<T>(command: string, payload?: Record<string, unknown>): Promise<T>;
  /** A channel to hand to a command: what is sent through it comes to `receive`. */
  channel<T>(receive: (message: T) => void): unknown;
  wait: Wait;
}

interface Answer {
  status: number;
  body: unknown;
}

interface Event {
  event: string;
  data: unknown;
}

export function tauriHost(bridge: Bridge): Host {
  return {
    call: (operation, parameters, body) => call(bridge, operation, parameters ?? {}, body),
    listen: (listener) => listen(bridge, listener),
    open: (address) => ask(bridge, "open", { address }),
    copy: (text) => ask(bridge, "copy", { text }),
    autostart: {
      read: () => ask(bridge, "autostart"),
      write: (on) => ask(bridge, "set_autostart", { on }),
    },
    places(show) {
      const channel = bridge.channel<Place>(show);
      void bridge.invoke<Place>("place", { channel }).then(show);
    },
  };
}

/** What a command fails with is a sentence. */
async function ask<T>(bridge: Bridge, command: string, payload?: Record<string, unknown>): Promise<T> {
  try {
    return await bridge.invoke<T>(command, payload);
  } catch (sentence) {
    throw new Error(String(sentence));
  }
}

async function call(bridge: Bridge, operation: Operation, parameters: Parameters, body: unknown): Promise<never> {
  const answer = await ask<Answer>(bridge, "call", { operation, parameters, body: body ?? null });
  if (answer.status >= 400) throw new Refused(answer.body as Problem);
  return answer.body as never;
}

function listen(bridge: Bridge, listener: Listener): () => void {
  return follow(listener, bridge.wait, async (heard, signal) => {
    const channel = bridge.channel<Event>(({ event, data }) => {
      if (signal.aborted) return;
      heard();
      tell(listener, event, data);
    });
    await bridge.invoke("events", { channel });
  });
}
