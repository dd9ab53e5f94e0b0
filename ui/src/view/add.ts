// Adding a server as values: the name to suggest, the request, where an error belongs, what the server asks for.

import type { Added, Grant, Look, NewWorkload, Problem, Workload } from "../contract";
import type { Begun } from "./list";
import { explain, hostOf, sentence } from "./words";

/** The form as it is typed. */
export interface Form {
  url: string;
  name: string;
  grant: Grant;
  clientId: string;
  clientSecret: string;
  scopes: string;
  bearer: string;
  headers: string;
}

export type Field = keyof Form;
export type Errors = Partial<Record<Field | "form", string>>;

export const blank: Form = {
  url: "",
  name: "",
  grant: "authorization_code",
  clientId: "",
  clientSecret: "",
  scopes: "",
  bearer: "",
  headers: "",
};

const LONGEST_NAME = 40;
/** What a host begins with that tells servers apart from nothing. */
const COMMON = /^(mcp|www|api)\./;
const RESERVED = ["api", "mcp", "callback", "signin", "healthz", "metrics", "assets"];

/** A free name made of the address: `linear` of `https://mcp.linear.app/mcp`. */
export function suggestName(url: string, taken: string[]): string {
  if (!URL.canParse(url)) return "";
  const host = new URL(url).hostname;
  const label = /^[\d.]+$|^\[|^localhost$/.test(host) ? "local" : host.replace(COMMON, "").split(".")[0]!;
  const plain =
    label
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, "-")
      .slice(0, LONGEST_NAME - 3) || "server";
  const unavailable = (name: string) => taken.includes(name) || RESERVED.includes(name);
  let name = plain;
  for (let number = 2; unavailable(name); number += 1) name = `${plain}-${number}`;
  return name;
}

/** The request that the form asks for; what was left empty is left out. */
export function request(form: Form): NewWorkload {
  const scopes = form.scopes.split(/[\s,]+/).filter(Boolean);
  const headers = Object.fromEntries(headerLines(form.headers).map(({ name, value }) => [name, value]));
  const client = form.grant !== "bearer";
  return {
    name: form.name.trim(),
    url: form.url.trim(),
    grant: form.grant,
    ...(client && form.clientId.trim() ? { client_id: form.clientId.trim() } : {}),
    ...(client && form.clientSecret ? { client_secret: form.clientSecret } : {}),
    ...(client && scopes.length ? { scopes } : {}),
    ...(form.grant === "bearer" && form.bearer ? { bearer: form.bearer.trim() } : {}),
    ...(Object.keys(headers).length ? { headers } : {}),
  };
}

function headerLines(text: string): { name: string; value: string }[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", ...value] = line.split(":");
    return name.trim() ? [{ name: name.trim(), value: value.join(":").trim() }] : [];
  });
}

const fields: Record<string, Field> = {
  url: "url",
  name: "name",
  grant: "grant",
  client_id: "clientId",
  client_secret: "clientSecret",
  scopes: "scopes",
  bearer: "bearer",
  headers: "headers",
};

/** The problem at the field that it is about. */
export function errors(problem: Problem): Errors {
  const field = problem.code === "name_taken" ? "name" : /^[a-z_]*/.exec(problem.field ?? "")![0];
  const at = fields[field] ?? "form";
  return { [at]: explain(problem) };
}

/** The fields that hold something else than at the beginning. */
export function filled(form: Form): Field[] {
  return (Object.keys(blank) as Field[]).filter((field) => form[field] !== blank[field]);
}

/** Whether one of these is folded away at first. */
export function isFolded(names: string[]): boolean {
  return names.some((name) => !["url", "name", "form"].includes(name));
}

export interface Asks {
  /** What the look showed. */
  text: string;
  scopes: string[];
  /** Whether the server is reached and understood. */
  well: boolean;
  signIn: boolean;
}

/** What the server asks for, in words. */
export function asks({ name, url, look, asks, grant }: Pick<Added, "name" | "url" | "look" | "asks" | "grant">): Asks {
  const signIn = look === "sign_in_needed" && grant === "authorization_code";
  return {
    text: said(name, hostOf(url), look, asks && hostOf(asks.issuer)),
    scopes: asks?.scopes ?? [],
    well: typeof look === "string" && look !== "token_refused",
    signIn,
  };
}

function said(name: string, host: string, look: Look, issuer: string | null): string {
  if (typeof look === "object") {
    return "not_mcp" in look ? sentence(look.not_mcp) : sentence(look.unreachable);
  }
  switch (look) {
    case "open":
      return `${host} answers without a sign-in.`;
    case "sign_in_needed":
      return issuer && issuer !== host ? `${host} asks for a sign-in at ${issuer}.` : `${host} asks for a sign-in.`;
    case "token_accepted":
      return `${host} takes the token.`;
    case "token_refused":
      return `${host} refuses the token. Remove ${name} and add it again with another one.`;
    case "token_unverified":
      return `${host} answers, but does not tell whether it takes the token.`;
  }
}

export interface Step {
  text: string;
  state: "done" | "now" | "failed" | "due";
}

/** Each step as it happens, from the added server to the signed-in one. */
export function steps(added: Added, workload: Workload | undefined, begun: Begun): Step[] {
  const found = asks(added);
  const kept: Step = { text: `${added.name} is added.`, state: "done" };
  const looked: Step = { text: found.text, state: found.well ? "done" : "failed" };
  if (!found.signIn) return [kept, looked, ...(found.well ? refused(workload) : [])];
  const scopes: Step[] = found.scopes.length
    ? [{ text: `It will be asked for: ${found.scopes.join(", ")}.`, state: "done" }]
    : [];
  return [kept, looked, ...scopes, signingIn(workload, begun)];
}

/** Why a client that signs in by itself could not. */
function refused(workload: Workload | undefined): Step[] {
  if (workload?.status !== "unauthenticated" || !workload.reason) return [];
  return [{ text: sentence(workload.reason), state: "failed" }];
}

function signingIn(workload: Workload | undefined, { signingIn, said }: Begun): Step {
  if (signingIn) return { text: "Signing in.", state: "now" };
  if (workload?.status === "running") return { text: "Signed in.", state: "done" };
  if (said && !said.well) return { text: said.text, state: "failed" };
  return { text: "Sign in with your browser.", state: "due" };
}
