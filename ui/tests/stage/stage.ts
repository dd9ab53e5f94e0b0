// The page with a scripted engine behind it: `?scene=NAME` says which.

import "../../src/page.css";
import { flushSync, mount } from "svelte";
import App from "../../src/App.svelte";
import { Desk } from "../../src/desk.svelte";
import { Here } from "../../src/place.svelte";
import NoKey from "../../src/screens/NoKey.svelte";
import { Ticking } from "../../src/ticking.svelte";
import { scenes } from "./scenes";

const target = document.getElementById("app")!;
const scene = new URLSearchParams(location.search).get("scene")!;
if (scene === "needs-key") mount(NoKey, { target });
else {
  const host = scenes[scene]!();
  // For tests that have the engine say something.
  Object.assign(window, { host });
  mount(App, { target, props: { desk: new Desk(host, () => Date.now()), here: new Here(), time: new Ticking() } });
  flushSync();
  if (scene === "away") host.say.reachable(false);
}
