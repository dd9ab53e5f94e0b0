// The page in a browser: speaks HTTP with the engine that served it, with a key kept for as long as the tab lives.

import { createParser } from "eventsource-parser";
import { type Operation, operations, type Problem } from "./contract";
import { follow, type Wait } from "./follow";
import { Away, type Host, isWebAddress, KeyNeeded, type Listener, type Parameters, Refused, tell } from "./host";

const KEY = "lamplighter-key";
const JSON_BODY = { "content-type": "application/json" };

/** What this host takes from its surroundings. */
export interface Browser {
  fetch: typeof fetch;
  location: { hash: string; pathname: string };
  history: { replaceState(data: unknown, unused: string, url: string): void };
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  open(address: string): void;
  copy(text: string): Promise<void>;
  wait: Wait;
}

/** Signs this tab in where a one-time code came with the address; throws `KeyNeeded` where there is no key then. */
export async function httpHost(browser: Browser): Promise<Host> {
  if (browser.location.pathname === "/signin") {
    const code = browser.location.hash.slice(1);
    browser.history.replaceState(null, "", "/");
    if (code) await redeem(browser, code);
  }
  if (!browser.storage.getItem(KEY)) throw new KeyNeeded();
  return {
    call: (operation, parameters, body) => call(browser, operation, parameters ?? {}, body),
    listen: (listener) => listen(browser, listener),
    open: async (address) => {
      if (isWebAddress(address)) browser.open(address);
    },
    copy: (text) => browser.copy(text),
    autostart: null,
    places: () => {},
  };
}

/** A code that is not taken leaves everything as it is. */
async function redeem(browser: Browser, code: string): Promise<void> {
  const body = JSON.stringify({ code });
  const response = await browser.fetch("/signin", { method: "POST", headers: JSON_BODY, body }).catch(() => null);
  if (!response?.ok) return;
  const { key } = (await response.json()) as { key: string };
  browser.storage.setItem(KEY, key);
}

async function call(browser: Browser, operation: Operation, parameters: Parameters, body: unknown): Promise<never> {
  const { method, path } = operations[operation];
  const response = await reach(browser, `/api/v1${address(path, parameters)}`, {
    method,
    ...(body === undefined ? {} : { headers: JSON_BODY, body: JSON.stringify(body) }),
  });
  const answer = await read(response);
  if (!response.ok) throw new Refused(answer as Problem);
  return answer as never;
}

/** Fills the path's places; the other parameters become the query. */
export function address(path: string, parameters: Parameters): string {
  const rest = new URLSearchParams();
  let filled = path;
  for (const [name, value] of Object.entries(parameters)) {
    if (path.includes(`{${name}}`)) filled = filled.replace(`{${name}}`, encodeURIComponent(value));
    else rest.append(name, String(value));
  }
  return rest.size ? `${filled}?${rest}` : filled;
}

async function reach(browser: Browser, url: string, init: RequestInit): Promise<Response> {
  const key = browser.storage.getItem(KEY);
  const headers = { ...init.headers, ...(key ? { authorization: `Bearer ${key}` } : {}) };
  let response: Response;
  try {
    response = await browser.fetch(url, { ...init, headers });
  } catch {
    throw new Away();
  }
  if (response.status === 403) {
    browser.storage.removeItem(KEY);
    throw new KeyNeeded();
  }
  return response;
}

async function read(response: Response): Promise<unknown> {
  try {
    const text = await response.text();
    return text ? JSON.parse(text) : undefined;
  } catch {
    throw new Away();
  }
}

/** Follows the events, and after a pause asks for the rows that it missed. */
function listen(browser: Browser, listener: Listener): () => void {
  let seen: string | undefined;
  return follow(listener, browser.wait, async (heard, signal) => {
    const headers: Record<string, string> = seen ? { "last-event-id": seen } : {};
    const response = await reach(browser, "/api/v1/events", { headers, signal });
    if (!response.ok || !response.body) return;
    heard();
    const parser = createParser({
      onEvent({ event, data, id }) {
        seen = id ?? seen;
        tell(listener, event, JSON.parse(data));
      },
    });
    for await (const chunk of chunks(response.body.pipeThrough(new TextDecoderStream()))) parser.feed(chunk);
  });
}

// Not every browser can iterate over a stream by itself.
async function* chunks(stream: ReadableStream<string>): AsyncGenerator<string> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
