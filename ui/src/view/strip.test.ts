import { describe, expect, it } from "vitest";
import { history, now } from "../../tests/stage/samples";
import type { Phase } from "../contract";
import { strip } from "./strip";

const of = (day: [Phase, number][]) => strip(history({ a: day }).workloads["a"]!, now);

describe("the bars", () => {
  it("cover what is known of the day", () => {
    expect(
      of([
        ["running", 720],
        ["auth_retrying", 0],
      ]).bars,
    ).toEqual([
      { kind: "running", from: 0, to: 0.5 },
      { kind: "trying", from: 0.5, to: 1 },
    ]);
  });

  it("go on until now, however old the answer is", () => {
    expect(of([["running", 30]]).bars).toEqual([{ kind: "running", from: 0, to: 1 }]);
  });

  it("are one where states look alike", () => {
    expect(
      of([
        ["auth_retrying", 600],
        ["unhealthy", 0],
      ]).bars,
    ).toEqual([{ kind: "trying", from: 0, to: 1 }]);
  });

  it("leave out what is longer ago than a day", () => {
    const spans = history({
      a: [
        ["running", 720],
        ["stopped", 0],
      ],
    }).workloads["a"]!;
    expect(strip(spans, now + 24 * 3_600_000).bars).toEqual([{ kind: "off", from: 0, to: 1 }]);
  });
});

describe("the words", () => {
  it("are few where nothing happened", () => {
    expect(of([["running", 0]]).text).toBe("The last 24 hours: running all the time.");
    expect(strip([], now).text).toBe("Nothing is known of the last 24 hours.");
  });

  it("tell how long each state took, and since when it is as it is", () => {
    const { text } = of([
      ["running", 180],
      ["auth_retrying", 120],
      ["unauthenticated", 60],
      ["running", 0],
    ]);
    expect(text).toMatch(
      /^The last 24 hours: running 22 h, trying again 1 h, waiting for a sign-in 1 h\. Now running, since .+\.$/,
    );
  });
});
