import { expect, it } from "vitest";
import { clock, countdown, hostOf, list, sentence, span, typed } from "./words";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

it("says spans as people do", () => {
  const said = [59 * SECOND, MINUTE, 41 * MINUTE, HOUR, 200 * MINUTE, 24 * HOUR, 49 * HOUR].map(span);
  expect(said).toEqual(["under a minute", "1 min", "41 min", "1 h", "3 h 20 min", "1 day", "2 days"]);
});

it("counts down by the second, and reaches zero only when the time has come", () => {
  const said = [372 * SECOND, 61 * SECOND, 1, 0, -5, HOUR].map(countdown);
  expect(said).toEqual(["6:12", "1:01", "0:01", "now", "now", "1 h"]);
});

it("names the day only where it is another", () => {
  const now = new Date(2026, 10, 21, 14, 30).getTime();
  expect(clock(now - HOUR, now)).toBe(
    new Date(now - HOUR).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }),
  );
  expect(clock(now - 24 * HOUR, now)).toContain(new Date(now - 24 * HOUR).toLocaleDateString([], { weekday: "short" }));
});

it("makes a sentence of what the engine says", () => {
  expect(sentence("the server ended this login")).toBe("The server ended this login.");
  expect(sentence("Already one.")).toBe("Already one.");
  expect(sentence("  ")).toBe("");
});

it("lists names", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(list)).toEqual(["", "a", "a and b", "a, b and c"]);
});

it("sets apart what is to be typed", () => {
  expect(typed("Run `lamplighter open`.")).toEqual([
    { text: "Run ", code: false },
    { text: "lamplighter open", code: true },
    { text: ".", code: false },
  ]);
});

it("names a server by its host", () => {
  expect(hostOf("https://mcp.linear.app/mcp")).toBe("mcp.linear.app");
  expect(hostOf("not an address")).toBe("not an address");
});
