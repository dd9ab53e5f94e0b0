#!/usr/bin/env node
// A firewall that answers whatever is asked with a web page, in the place of whoever was asked.
//
// Environment: where to listen, as doors.mjs has it.
//
// Prints one line when it is ready: {"origin":"https://…"}.

import { open } from './doors.mjs';

const { server, origin } = await open();
server.on('request', (_request, response) => response.writeHead(403, { 'content-type': 'text/html' })
  .end('<!DOCTYPE html><title>Blocked</title><h1>This site is blocked by your network</h1>\n'));
process.once('SIGTERM', () => process.exit(0));
console.log(JSON.stringify({ origin }));
