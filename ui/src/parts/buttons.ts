// What buttons say.

import type { Action } from "../view/list";

export const buttons: Record<Action, string> = {
  "sign-in": "Sign in",
  "try-now": "Try now",
  stop: "Stop",
  start: "Start",
  "sign-out": "Sign out",
  remove: "Remove…",
};
