import { expect, it } from "vitest";
import { at, ended, firewall, retrying, snapshot, workload } from "../../tests/stage/samples";
import { announce } from "./announce";

it("says nothing at first, nor of what is the same", () => {
  const before = snapshot([workload("a")]);
  expect(announce(null, before)).toBe("");
  expect(announce(before, snapshot([workload("a", { next_attempt_at: at(7) }), workload("new")]))).toBe("");
});

it("says each change of state in a sentence", () => {
  const before = snapshot([workload("a"), workload("b")]);
  expect(announce(before, snapshot([retrying("a"), ended("b")]))).toBe(
    "a: trying again. The sign-in server answered 403 with a web page. b: sign-in needed. The server ended this login.",
  );
  expect(announce(snapshot([retrying("a")]), snapshot([workload("a")]))).toBe("a: running.");
});

it("says that more access is asked for", () => {
  const condition = { ...firewall, severity: "error" } as const;
  expect(announce(snapshot([workload("a")]), snapshot([workload("a", { conditions: [condition] })]))).not.toBe("");
});
