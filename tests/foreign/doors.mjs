// Where the servers listen: on loopback in the clear, or by name over TLS, as the environment has it.
//
// Environment:
//   PORT              where to listen (0: any free port)
//   ADDRESS           on which address (127.0.0.1)
//   NAME              what clients call it (ADDRESS)
//   TLS_KEY, TLS_CERT files in PEM: the server speaks TLS alone

import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

const { PORT: port = '0', ADDRESS: address = '127.0.0.1', TLS_KEY: key, TLS_CERT: cert } = process.env;
const { NAME: name = address } = process.env;

/** Opens the door; answers with the server, and with its address as clients write it. */
export async function open() {
  const server = key ? createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }) : createServer();
  server.listen(Number(port), address);
  await once(server, 'listening');
  return { server, origin: `${key ? 'https' : 'http'}://${name}:${server.address().port}` };
}

/** Opens a door for the test alone, on loopback in the clear; answers with both as `open` does. */
export async function openForTests() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}
