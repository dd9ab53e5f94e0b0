// Which lamp stands for a workload, and which for all of them: shapes that differ, not colours alone.

import type { Condition, Snapshot, Workload } from "../contract";

export type Lamp = "hollow" | "lit" | "retrying" | "offline" | "needs-you";

/** What asks most of the person comes last. */
const order: Lamp[] = ["hollow", "lit", "retrying", "offline", "needs-you"];

export function lamp(workload: Workload): Lamp {
  switch (workload.status) {
    case "unauthenticated":
    case "error":
      return "needs-you";
    case "starting":
      return demand(workload) ? "needs-you" : "hollow";
    case "running":
      return demand(workload) ? "needs-you" : "lit";
    case "auth_retrying":
    case "unhealthy":
      return demand(workload) ? "needs-you" : "retrying";
    case "stopping":
    case "stopped":
    case "removing":
    case "unknown":
    case "policy_stopped":
      return "hollow";
  }
}

/** The lamp of all: the one that asks most of the person. Only here it may be that of a machine without a network. */
export function lampOfAll(snapshot: Snapshot): Lamp {
  if (snapshot.conditions.some(({ severity }) => severity === "error")) return "needs-you";
  const lamps = new Set(snapshot.workloads.map(lamp));
  const worst = order.findLast((one) => lamps.has(one)) ?? "hollow";
  return worst === "retrying" && snapshot.conditions.some(({ code }) => code === "offline") ? "offline" : worst;
}

/** What is wrong and asks something of the person, beside the state. */
export function demand(workload: Workload): Condition | undefined {
  return workload.conditions.find(({ severity }) => severity === "error");
}

/** Problems first: a smaller rank stands higher. */
export function rank(workload: Workload): number {
  if (workload.status === "stopped" || workload.status === "policy_stopped") return order.length;
  const shape = lamp(workload);
  // What only starts or ends stands with what is well.
  return order.length - 1 - order.indexOf(shape === "hollow" ? "lit" : shape);
}
