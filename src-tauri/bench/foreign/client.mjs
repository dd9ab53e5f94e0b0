#!/usr/bin/env node
// A real MCP client (the official SDK) with a session at each of several servers: over standard input and output with
// a program that it starts for each, or over HTTP.
//
// Standard input: a line with the servers, then a line for each measurement; its end ends all.
//   [{"command":"node","args":[…],"env":{…}},…] or [{"url":"…","headers":{…}},…]
//   {"calls":1000}
// Standard output: a line for each of them.
//   {"ready_ms":812.4}       every session is open, and every server has told its tools
//   {"microseconds":[312,…]} the time of each call, one after the other, the servers in turn

import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

async function session({ command, args, env, url, headers }) {
  const transport = command
    ? new StdioClientTransport({ command, args, env, stderr: 'ignore' })
    : new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  const client = new Client({ name: 'lamplighter-bench', version: '1.0.0' });
  await client.connect(transport, { timeout: 120_000 });
  const { tools } = await client.listTools();
  if (tools[0]?.name !== 'echo') throw new Error(`strange tools: ${JSON.stringify(tools)}`);
  return client;
}

async function call(client) {
  const started = performance.now();
  const result = await client.callTool({ name: 'echo', arguments: { text: 'a lamp in the window' } });
  const elapsed = performance.now() - started;
  if (result.content[0]?.text !== 'a lamp in the window') throw new Error(`strange answer: ${JSON.stringify(result)}`);
  return Math.round(elapsed * 1000);
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (answer) => console.log(JSON.stringify(answer));

const servers = JSON.parse((await lines.next()).value);
const started = performance.now();
const clients = await Promise.all(servers.map(session));
say({ ready_ms: performance.now() - started });

for await (const line of lines) {
  const microseconds = [];
  for (let number = 0; number < JSON.parse(line).calls; number += 1) {
    microseconds.push(await call(clients[number % clients.length]));
  }
  say({ microseconds });
}
await Promise.all(clients.map((client) => client.close()));
