// Chooses the host, once, and puts the page on.

import "./page.css";
import { Channel, invoke, isTauri } from "@tauri-apps/api/core";
import { mount } from "svelte";
import App from "./App.svelte";
import { Desk } from "./desk.svelte";
import { wait } from "./follow";
import { type Host, KeyNeeded } from "./host";
import { type Browser, httpHost } from "./host.http";
import { tauriHost } from "./host.tauri";
import { Here } from "./place.svelte";
import NoKey from "./screens/NoKey.svelte";
import { Ticking } from "./ticking.svelte";

const browser: Browser = {
  fetch: (input, init) => fetch(input, init),
  location,
  history,
  storage: sessionStorage,
  open: (address) => void window.open(address, "_blank", "noopener,noreferrer"),
  copy: (text) => navigator.clipboard.writeText(text),
  wait,
};

async function chooseHost(): Promise<Host> {
  if (isTauri()) return tauriHost({ invoke, channel: (receive) => new Channel(receive), wait });
  return httpHost(browser);
}

const target = document.getElementById("app")!;
try {
  const host = await chooseHost();
  const time = new Ticking();
  mount(App, { target, props: { desk: new Desk(host, () => Date.now()), here: new Here(), time } });
} catch (error) {
  if (!(error instanceof KeyNeeded)) throw error;
  mount(NoKey, { target });
}
