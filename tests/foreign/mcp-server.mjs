#!/usr/bin/env node
// A real MCP server (the official SDK, Streamable HTTP with sessions) that takes no call without an access
// token which the authorization server says is good, and meant for it (introspection, RFC 7662).
//
// Environment:
//   PORT, ADDRESS, …   where to listen, as doors.mjs has it (on loopback, in the clear)
//   ISSUER             the authorization server, as authorization-server.mjs prints it (required)
//   ISSUER_AT          where that one is reached from here (ISSUER)
//   MCP_CLIENT_SECRET  what this server authenticates with there (mcp-server-secret)
//
// Prints one line when it is ready: {"url":"http://127.0.0.1:…/mcp"}.
//
//   GET /__counts      what has been asked of it

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import {
  getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter,
} from '@modelcontextprotocol/sdk/server/auth/router.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { open } from './doors.mjs';

const { ISSUER: issuer, ISSUER_AT: reached = issuer, MCP_CLIENT_SECRET: secret = 'mcp-server-secret' } = process.env;
if (!issuer) {
  console.error('ISSUER is not set\nhint: start authorization-server.mjs, and set ISSUER to the issuer it prints');
  process.exit(2);
}

const metadata = await (await fetch(`${reached}/.well-known/oauth-authorization-server`)).json();
const counts = { requests: 0, refused: 0, tool_calls: 0, sessions: 0 };
const sessions = new Map();

const { server, origin } = await open();
const url = new URL('/mcp', origin);
const app = createMcpExpressApp({ host: url.hostname });
server.on('request', app);

const protect = requireBearerAuth({
  verifier: { verifyAccessToken },
  requiredScopes: ['mcp:tools'],
  resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(url),
  expectedResource: url,
});

app.use(mcpAuthMetadataRouter({
  oauthMetadata: metadata,
  resourceServerUrl: url,
  scopesSupported: ['mcp:tools'],
  resourceName: 'Lamplighter test tools',
}));
app.get('/__counts', (_request, response) => response.json(counts));
app.use('/mcp', (_request, response, next) => {
  counts.requests += 1;
  response.once('finish', () => { if (response.statusCode === 401) counts.refused += 1; });
  next();
});
app.post('/mcp', protect, async (request, response) => {
  const known = sessions.get(request.headers['mcp-session-id']);
  if (known) return known.handleRequest(request, response, request.body);
  if (!isInitializeRequest(request.body)) return noSession(request, response);
  const transport = await openSession();
  return transport.handleRequest(request, response, request.body);
});
for (const method of ['get', 'delete']) {
  app[method]('/mcp', protect, (request, response) => {
    const known = sessions.get(request.headers['mcp-session-id']);
    return known ? known.handleRequest(request, response) : noSession(request, response);
  });
}

// 404 tells the client to initialize anew (Streamable HTTP, session management).
function noSession(request, response) {
  const status = request.headers['mcp-session-id'] ? 404 : 400;
  response.status(status).json({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'no such session' } });
}

async function openSession() {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => {
      counts.sessions += 1;
      sessions.set(id, transport);
    },
  });
  transport.onclose = () => sessions.delete(transport.sessionId);
  await tools().connect(transport);
  return transport;
}

function tools() {
  const mcp = new McpServer({ name: 'lamplighter-test-tools', version: '1.0.0' });
  const text = (value) => {
    counts.tool_calls += 1;
    return { content: [{ type: 'text', text: String(value) }] };
  };
  mcp.registerTool('echo', {
    description: 'Says the same again',
    inputSchema: { text: z.string() },
  }, ({ text: said }) => text(said));
  mcp.registerTool('add', {
    description: 'Adds two numbers',
    inputSchema: { a: z.number(), b: z.number() },
  }, ({ a, b }) => text(a + b));
  mcp.registerTool('slow', {
    description: 'Takes its time, and tells how far it is',
    inputSchema: { steps: z.number().int().positive(), milliseconds: z.number().int().positive() },
  }, async ({ steps, milliseconds }, { _meta, sendNotification }) => {
    for (let step = 1; step <= steps; step += 1) {
      await sleep(milliseconds);
      if (_meta?.progressToken !== undefined) {
        await sendNotification({
          method: 'notifications/progress',
          params: { progressToken: _meta.progressToken, progress: step, total: steps },
        });
      }
    }
    return text(`${steps} steps`);
  });
  return mcp;
}

async function verifyAccessToken(token) {
  const answer = await fetch(metadata.introspection_endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`mcp-server:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
  });
  if (!answer.ok) throw new Error(`the authorization server answered ${answer.status} to an introspection`);
  const { active, client_id: clientId, scope = '', exp, aud } = await answer.json();
  if (!active) throw new InvalidTokenError('the token has expired or was revoked');
  return { token, clientId, scopes: scope.split(' '), expiresAt: exp, resource: aud && new URL(aud) };
}

process.once('SIGTERM', () => process.exit(0));
console.log(JSON.stringify({ url: url.href }));
