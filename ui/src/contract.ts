// The control API's shapes under the names that this page uses; all of them are generated from the API's own document.

import type { Operation } from "./api/operations";
import type { components, operations as Described } from "./api/schema";

export { type Operation, operations } from "./api/operations";

type Schemas = components["schemas"];

export type Added = Schemas["Added"];
export type Asked = Schemas["Asked"];
export type Condition = Schemas["Condition"];
export type Grant = Workload["grant"];
export type History = Schemas["History"];
export type Look = Schemas["Look"];
export type NewWorkload = Schemas["NewWorkloadRequest"];
export type Phase = Schemas["Phase"];
export type Problem = Schemas["Problem"];
export type Revocation = Schemas["Revocation"];
export type Row = Schemas["Row"];
export type Settings = Schemas["Settings"];
export type SettingsChange = Schemas["ChangedSettings"];
export type Severity = Schemas["Severity"];
export type Snapshot = Schemas["Snapshot"];
export type Span = Schemas["Span"];
export type Theme = Settings["desktop"]["theme"];
export type TokenSetting = Schemas["TokenSetting"];
export type Workload = Schemas["Workload"];

/** What is sent with an operation. */
export type Body<O extends Operation> = Described[O] extends {
  requestBody?: { content: { "application/json": infer B } };
}
  ? B
  : undefined;

type Success = 200 | 201 | 202;

/** What an operation gives back when it succeeds. */
export type Answer<O extends Operation> = {
  [S in keyof Described[O]["responses"] & Success]: Described[O]["responses"][S] extends {
    content: { "application/json": infer A };
  }
    ? A
    : undefined;
}[keyof Described[O]["responses"] & Success];
