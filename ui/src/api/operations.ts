// Written by `cargo xtask bindings` from the control API's own document, and checked by `cargo xtask check`.

/** Where each operation is, below `/api/v1`. */
export const operations = {
  add: { method: "POST", path: "/workloads" },
  begin_session: { method: "POST", path: "/session" },
  callback_paste: { method: "POST", path: "/callback-paste" },
  cancel_login: { method: "POST", path: "/workloads/{name}/cancel-login" },
  change_settings: { method: "PATCH", path: "/settings" },
  doctor: { method: "GET", path: "/doctor" },
  endpoint: { method: "GET", path: "/workloads/{name}/endpoint" },
  events: { method: "GET", path: "/events" },
  history: { method: "GET", path: "/history" },
  list: { method: "GET", path: "/workloads" },
  login: { method: "POST", path: "/workloads/{name}/login" },
  logout: { method: "POST", path: "/workloads/{name}/logout" },
  one: { method: "GET", path: "/workloads/{name}" },
  openapi: { method: "GET", path: "/openapi.json" },
  outcome: { method: "GET", path: "/workloads/{name}/login/{flow}" },
  reauthenticate: { method: "POST", path: "/workloads/{name}/reauthenticate" },
  remove: { method: "DELETE", path: "/workloads/{name}" },
  restart: { method: "POST", path: "/workloads/{name}/restart" },
  retry: { method: "POST", path: "/workloads/{name}/retry" },
  rows: { method: "GET", path: "/journal" },
  settings: { method: "GET", path: "/settings" },
  show_window: { method: "POST", path: "/window" },
  simulated_server: { method: "POST", path: "/simulated-server" },
  start: { method: "POST", path: "/workloads/{name}/start" },
  stop: { method: "POST", path: "/workloads/{name}/stop" },
} as const;

export type Operation = keyof typeof operations;
