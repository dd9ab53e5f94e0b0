#!/usr/bin/env node
// A browser without a screen, with a person who agrees to everything: opens an address, keeps cookies, follows
// redirects, sends forms that are filled in already, and says where it arrived. Usable as $BROWSER.
//
//   browser.mjs ADDRESS
//
// Prints one line: {"status":200,"url":"http://127.0.0.1:…/callback"} (without the query, which holds the
// code). Exits 0 when the last page was a success.

import { CookieJar } from 'tough-cookie';

const address = process.argv[2];
if (!URL.canParse(address ?? '')) {
  console.error('no address to open\nhint: browser.mjs http://127.0.0.1:3000/authorize?…');
  process.exit(2);
}

const pagesAtMost = 20;
const jar = new CookieJar();
let url = new URL(address);
let form;
let response;
for (let pages = 0; pages <= pagesAtMost; pages += 1) {
  response = await fetch(url, {
    method: form ? 'POST' : 'GET',
    body: form,
    redirect: 'manual',
    headers: { accept: 'text/html', cookie: await jar.getCookieString(url.href) },
    signal: AbortSignal.timeout(30_000),
  });
  for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, url.href);
  const page = await response.text();
  const next = response.headers.get('location');
  let action;
  if (response.status >= 300 && response.status <= 399 && next) [action, form] = [next, undefined];
  else if (response.ok) [action, form] = filledIn(page);
  if (!action) break;
  url = new URL(action, url);
}

// Where the page's form goes and what it holds, if there is one that leaves nothing to be entered.
function filledIn(page) {
  const value = (tag, name) => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  const tag = /<form\b[^>]*\bmethod="post"[^>]*>/.exec(page)?.[0];
  const inputs = [...page.matchAll(/<input\b[^>]*>/g)].map(([input]) => input);
  if (!tag || inputs.some((input) => value(input, 'type') !== 'hidden')) return [];
  return [value(tag, 'action'), new URLSearchParams(inputs.map((input) => [value(input, 'name'), value(input, 'value')]))];
}

console.log(JSON.stringify({ status: response.status, url: url.origin + url.pathname }));
process.exitCode = response.ok ? 0 : 1;
