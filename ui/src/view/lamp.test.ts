import { expect, it } from "vitest";
import { ended, firewall, locked, offline, retrying, snapshot, stopped, workload } from "../../tests/stage/samples";
import type { Workload } from "../contract";
import { lamp, lampOfAll } from "./lamp";

const ofAll = (...workloads: Workload[]) => lampOfAll(snapshot(workloads));

it("is hollow where nothing runs", () => {
  expect(ofAll()).toBe("hollow");
  expect(ofAll(stopped("a"), workload("b", { status: "starting" }))).toBe("hollow");
});

it("is that of the workload which asks most of the person", () => {
  const well = workload("a");
  expect(ofAll(well, stopped("b"))).toBe("lit");
  expect(ofAll(well, retrying("b"))).toBe("retrying");
  expect(ofAll(well, retrying("b"), ended("d"))).toBe("needs-you");
});

it("is slashed only where the machine is offline", () => {
  const behindVpn = retrying("b", { conditions: [offline] });
  expect(ofAll(workload("a"), behindVpn)).toBe("retrying");
  expect(lampOfAll(snapshot([workload("a"), behindVpn], [offline]))).toBe("offline");
  expect(lampOfAll(snapshot([ended("a"), behindVpn], [offline]))).toBe("needs-you");
});

it("calls for the person when something concerns all and asks for them", () => {
  expect(lampOfAll(snapshot([workload("a")], [locked]))).toBe("needs-you");
  expect(lampOfAll(snapshot([workload("a")], [offline]))).toBe("lit");
});

it("calls for the person in whatever state something is asked of them", () => {
  const conditions = [{ ...firewall, severity: "error" } as const];
  for (const one of [
    workload("a", { conditions }),
    retrying("a", { conditions }),
    workload("a", { status: "starting", conditions }),
  ]) {
    expect(lamp(one)).toBe("needs-you");
  }
  expect(lamp(stopped("a", { conditions }))).toBe("hollow");
});
