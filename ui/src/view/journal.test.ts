import { expect, it } from "vitest";
import { now, row } from "../../tests/stage/samples";
import { lines } from "./journal";

it("tells what happened and why, the newest first", () => {
  const rows = [
    row("a", -30, { kind: "attempt", verdict: "ok" }),
    row("a", -20, { kind: "attempt", verdict: "transient", reason: "the sign-in server did not answer in time" }),
    row("a", -20, {
      kind: "status",
      from: "running",
      to: "auth_retrying",
      reason: "the sign-in server did not answer in time",
    }),
    row("a", -10, { kind: "trigger", reason: "the network changed" }),
    row("a", -9, { kind: "attempt", verdict: "permanent", reason: "the server ended this login" }),
    row("a", -8, { kind: "login", reason: "a sign-in was begun" }),
    row("a", -7, { kind: "store", reason: "the login is saved again" }),
    row("a", -6, { kind: "notice", reason: "the login works again" }),
  ];
  expect(lines(rows, now).map(({ what, why }) => [what, why])).toEqual([
    ["You were told", "The login works again."],
    ["Secret store", "The login is saved again."],
    ["Sign-in", "A sign-in was begun."],
    ["Renewal refused", "The server ended this login."],
    ["Tried at once", "The network changed."],
    ["Trying again", "The sign-in server did not answer in time."],
    ["Renewal failed", "The sign-in server did not answer in time."],
    ["Login renewed", ""],
  ]);
});
