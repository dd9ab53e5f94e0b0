#!/usr/bin/env node
// A browser without a screen, with a person who follows every link: opens an address, keeps cookies, follows
// redirects to the end and says where it arrived. Usable as $BROWSER.
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

const redirectsAtMost = 20;
const jar = new CookieJar();
let url = new URL(address);
let response;
for (let redirects = 0; redirects <= redirectsAtMost; redirects += 1) {
  response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'text/html', cookie: await jar.getCookieString(url.href) },
    signal: AbortSignal.timeout(30_000),
  });
  for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, url.href);
  const next = response.headers.get('location');
  if (response.status < 300 || response.status > 399 || !next) break;
  await response.body?.cancel();
  url = new URL(next, url);
}

console.log(JSON.stringify({ status: response.status, url: url.origin + url.pathname }));
process.exitCode = response.ok ? 0 : 1;
